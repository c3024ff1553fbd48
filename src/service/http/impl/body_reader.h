// The body of one request, piece by piece: framing, limit, "100 Continue", and a minimum rate over
// the time spent waiting for the peer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/error.h"
#include "http/exchange.h"
#include "http/framing_guard.h"
#include "http/impl/request_head.h"
#include "http/impl/wire.h"

namespace verbatim::http {

struct BodyLimits {
  uint64_t size_max = 0;
  std::chrono::milliseconds idle_max{0};  // time of waiting in which...
  uint64_t bytes_per_second_min = 0;      // ...so many bytes must come, or the rest
  std::chrono::milliseconds write_stall_max{0};
};

class BodyReader {
 public:
  BodyReader(std::shared_ptr<Wire> wire, const RequestHead& head, BodyLimits limits);

  // The next bytes; 0 at the end. After an error always the same one.
  // Errors: kTooLarge, kInvalidArgument (chunks), kIo (gone or too slow), kCancelled.
  Task<Result<size_t>> Read(std::span<char> into);

  // Reads to the end if that takes at most `size_max` bytes. False: there is more, or an error.
  Task<bool> Drain(uint64_t size_max);

  // All of it has been read: the next request may follow.
  bool at_end() const;

  // The rest is known to be small and is on its way without being asked for.
  bool is_drainable(uint64_t size_max) const;

  // The status that says what went wrong; none if nothing did or no one is there to be told.
  std::optional<Refusal> refusal() const { return refusal_; }
  bool is_gone() const { return error_ && error_->code == ErrorCode::kIo && !refusal_; }

  uint64_t size() const { return size_; }  // so far, decoded

 private:
  Task<Wired<void>> AskForBody();
  Task<Wired<size_t>> ReadPlain(std::span<char> into);
  Task<Wired<size_t>> ReadChunked(std::span<char> into);
  Task<Wired<void>> Fill();
  Wire::SteadyTime StartWaiting();
  void EndWaiting(size_t received);
  Failure FailWith(WireError error);

  std::shared_ptr<Wire> wire_;
  BodyLimits limits_;
  bool is_chunked_;
  bool expects_continue_;
  uint64_t left_;  // unless chunked
  ChunkGuard chunks_;
  uint64_t size_ = 0;
  std::optional<Refusal> refusal_;
  std::optional<Error> error_;

  Wire::SteadyTime waiting_since_;
  std::chrono::steady_clock::duration waited_{0};  // since enough bytes came
  uint64_t received_ = 0;                          // in that time
};

}  // namespace verbatim::http
