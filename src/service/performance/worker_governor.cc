#include "performance/worker_governor.h"

#include <algorithm>

namespace verbatim::performance {
namespace {

// For as many times the waiting time a growth must last to count as a good one.
constexpr int64_t kTestFactor = 4;

}  // namespace

WorkerGovernor::WorkerGovernor(int count, GovernorOptions options)
    : options_(options), grow_after_ms_(options.grow_after_ms) {
  Reset(count);
}

void WorkerGovernor::Reset(int count) {
  count_ = std::max(count, 1);
  wanted_ = count_;
  grow_after_ms_ = options_.grow_after_ms;
  grown_ms_ = -1;
}

int WorkerGovernor::Update(int best, int64_t now_ms) {
  best = std::max(best, 1);
  const bool is_same_side =
      (best < count_ && wanted_ < count_) || (best > count_ && wanted_ > count_);
  if (!is_same_side) {
    wanted_ = best;
    since_ms_ = now_ms;
  }
  // The mildest change that was asked for all the time.
  wanted_ = best < count_ ? std::max(wanted_, best) : std::min(wanted_, best);
  if (grown_ms_ >= 0 && now_ms - grown_ms_ >= kTestFactor * grow_after_ms_) {
    grown_ms_ = -1;
    grow_after_ms_ = options_.grow_after_ms;
  }
  if (wanted_ < count_ && now_ms - since_ms_ >= options_.shrink_after_ms) Shrink(now_ms);
  if (wanted_ > count_ && now_ms - since_ms_ >= grow_after_ms_) Grow(now_ms);
  return count_;
}

void WorkerGovernor::Shrink(int64_t now_ms) {
  if (grown_ms_ >= 0) grow_after_ms_ = std::min(grow_after_ms_ * 2, options_.grow_after_ms_max);
  grown_ms_ = -1;
  count_ = wanted_;
  since_ms_ = now_ms;
}

void WorkerGovernor::Grow(int64_t now_ms) {
  ++count_;
  grown_ms_ = now_ms;
  since_ms_ = now_ms;
}

}  // namespace verbatim::performance
