// Follows the best number of workers as it changes, without following every twitch: down soon, up
// slowly and one at a time, and slower still where growing was regretted before.
#pragma once

#include <cstdint>

namespace verbatim::performance {

struct GovernorOptions {
  int64_t shrink_after_ms = 3'000;      // fewer must be best for so long
  int64_t grow_after_ms = 30'000;       // more must be
  int64_t grow_after_ms_max = 600'000;  // to which each growth in vain doubles it
};

// Thread: one at a time.
class WorkerGovernor {
 public:
  explicit WorkerGovernor(int count, GovernorOptions options = {});

  // Tells what would be best now; returns what to have. Unit: steady time, not before the last.
  int Update(int best, int64_t now_ms);

  // Starts anew from a number.
  void Reset(int count);

  int count() const { return count_; }

 private:
  void Shrink(int64_t now_ms);
  void Grow(int64_t now_ms);

  const GovernorOptions options_;
  int count_;
  int wanted_ = 1;         // the largest, or smallest, that was best since it differs
  int64_t since_ms_ = 0;   // since when it has been on one side of count_
  int64_t grow_after_ms_;  // now
  int64_t grown_ms_ = -1;  // when it grew last; -1: it has not, or that has stood the test
};

}  // namespace verbatim::performance
