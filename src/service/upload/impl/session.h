// One request's bytes on their way into an upload: written at its end, acknowledged now and then,
// ended by its owner or by a request that takes over.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/latest.h"
#include "base/log.h"
#include "base/mutex.h"
#include "digest/digest.h"
#include "upload/impl/live_upload.h"
#include "upload/impl/upload_files.h"
#include "upload/impl/upload_ledger.h"
#include "upload/uploads.h"

namespace verbatim::upload {

// What all sessions use; it outlives them.
struct SessionTools {
  const Latest<UploadLimits>& limits;
  UploadFiles& files;
  UploadLedger& ledger;
  const Clock& clock;
  Log& log;
};

// Thread: Append, Finish, Save and End one at a time; Yield any.
class Session final : public LiveUpload::Holder {
 public:
  struct Begin {
    std::string id;
    std::shared_ptr<LiveUpload> live;  // of which this will be the holder
    std::optional<Checksum> checksum;
    std::function<void()> on_evicted;
  };
  Session(const SessionTools& tools, Begin begin);

  // Called first, and once: reads the state that others can't change any more.
  // Errors: kNotFound; kConflict (another offset, complete); kIo.
  Result<void> Start(uint64_t offset);

  // As of Receiver.
  Result<void> Append(std::span<const char> bytes);
  Result<store::Upload> Finish();
  Result<store::Upload> Save();

  // Keeps what can be kept, unless the session has ended.
  void End();

  Result<void> Yield() override;

 private:
  enum class State { kIdle, kBusy, kEnded };
  class Work;

  Result<void> BeginWork();
  void EndWork(State state);

  Result<void> WriteBytes(std::span<const char> bytes);
  Result<void> TakeSpace(uint64_t size);
  Result<void> Sync();
  // Puts on disk and in the ledger what came so far.
  Result<store::Upload> Acknowledge();
  Result<store::Upload> Complete();
  // The one or the other. An upload whose offset is its length is always complete.
  Result<store::Upload> Keep();
  Result<void> CheckDigest();
  // Acknowledges without a say of the sender, for want of whom an error is only logged.
  void KeepWhatCame();
  // Drops what is not acknowledged, and lets go of the upload.
  void Close();
  void CutOff();
  // Without the rest of the request. Not if it has a checksum, which nobody can compare, or is
  // false.
  bool is_kept_in_part() const { return !checksum_ && !is_false_; }

  const SessionTools tools_;
  const std::string id_;
  const std::shared_ptr<LiveUpload> live_;
  const std::optional<Checksum> checksum_;
  const std::function<void()> on_evicted_;

  // Used by whoever made the state kBusy.
  std::optional<UploadFile> file_;
  std::optional<Error> sync_failure_;
  std::optional<uint64_t> length_;
  bool is_partial_ = false;
  bool is_false_ = false;      // the request has more bytes than there are to come
  uint64_t position_ = 0;      // end of what is written
  uint64_t acknowledged_ = 0;  // end of what the ledger says
  uint64_t on_its_way_ = 0;    // end of what the system was told to put on disk
  // The ledger may have an offset that it did not confirm: a commit that failed can be found done
  // after a crash, if the disk refused to take it back too. Its bytes stay where they are.
  bool is_commit_open_ = false;
  int64_t acknowledged_at_ms_ = 0;
  uint64_t space_left_ = 0;  // that may be written before looking again
  std::optional<digest::Digest> digest_;

  Mutex mutex_;
  ConditionVariable changed_;
  State state_ GUARDED_BY(mutex_) = State::kIdle;
  bool is_evicted_ GUARDED_BY(mutex_) = false;
};

}  // namespace verbatim::upload
