// What memory knows of one upload while someone changes or reads it: who has the right to change
// it, and how far its bytes can be read. Readers see bytes as soon as they are written, before they
// are acknowledged.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/error.h"
#include "base/mutex.h"

namespace verbatim::upload {

// Thread: any.
class LiveUpload {
 public:
  // Has the right to change the upload, and can be made to give it up.
  class Holder {
   public:
    virtual ~Holder() = default;
    // Saves, stops, and has called Release when this returns. Errors: kBusy.
    virtual Result<void> Yield() = 0;
  };

  // Takes the right to change the upload; makes its holder yield. Without a holder of its own (for
  // something short) the next one waits for Release. Errors: kBusy after 10 s.
  Result<void> Take(std::shared_ptr<Holder> holder);
  void Release();

  // Makes the holder, if any, yield.
  Result<void> Settle();

  // What the ledger says; never takes back what is known already.
  void Learn(uint64_t end, std::optional<uint64_t> length);
  // Bytes up to `end` can be read.
  void Publish(uint64_t end);
  // Bytes from `end` on are taken back: they were not acknowledged, and others may come instead.
  void TakeBack(uint64_t end);
  // Nothing more will come.
  void GiveUp();

  std::optional<uint64_t> length() const;
  uint64_t end() const;

  // How often bytes were taken back that a reader may have seen.
  int epoch() const;

  // Waits until the byte at `offset` can be read, or the upload ends before it. Returns the end of
  // what can be read. Errors: kCancelled (`stop`); kNotFound (given up); kIo (bytes were taken back
  // since `epoch`).
  Result<uint64_t> WaitFor(uint64_t offset, int epoch, const std::stop_token& stop);

 private:
  bool IsWhole() const REQUIRES(mutex_) { return length_ && end_ >= *length_; }

  mutable Mutex mutex_;
  ConditionVariable changed_;
  bool is_taken_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<Holder> holder_ GUARDED_BY(mutex_);
  uint64_t end_ GUARDED_BY(mutex_) = 0;
  uint64_t end_shown_ GUARDED_BY(mutex_) = 0;  // to any reader
  std::optional<uint64_t> length_ GUARDED_BY(mutex_);
  bool is_given_up_ GUARDED_BY(mutex_) = false;
  int epoch_ GUARDED_BY(mutex_) = 0;
};

}  // namespace verbatim::upload
