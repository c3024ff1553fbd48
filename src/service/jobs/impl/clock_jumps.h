// Whether the wall clock is believed when things are removed for their age. What is set far forward
// all at once is more often a mistake than so much time that nobody noticed: for a day nothing is
// removed, so that the clock can be set right. Ages are by the wall clock nevertheless, since they
// outlive the server, and the machine.
#pragma once

#include <cstdint>
#include <optional>

namespace verbatim::jobs {

// Thread: one at a time.
class ClockJumps {
 public:
  static constexpr int64_t kJumpMs = 10 * 60'000;      // more than a clock is ever out by itself
  static constexpr int64_t kMercyMs = 24 * 3'600'000;  // of steady time

  // How far the wall clock has jumped since the last look. Called once in a while.
  int64_t Look(int64_t wall_ms, int64_t steady_ms) {
    const int64_t now_ms = wall_ms - steady_ms;
    const int64_t jump_ms = now_ms - difference_ms_.value_or(now_ms);
    difference_ms_ = now_ms;
    if (jump_ms >= kJumpMs) believed_from_ms_ = steady_ms + kMercyMs;
    if (jump_ms <= -kJumpMs) believed_from_ms_ = steady_ms;  // set right again
    return jump_ms;
  }

  bool IsBelieved(int64_t steady_ms) const { return steady_ms >= believed_from_ms_; }

 private:
  std::optional<int64_t> difference_ms_;
  int64_t believed_from_ms_ = INT64_MIN;
};

}  // namespace verbatim::jobs
