// The memory of the whole process while a job ran, and how far predictions of it were off.
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/mutex.h"

namespace verbatim::jobs {

// Unit: bytes, 0 = not known.
struct MemoryUse {
  uint64_t predicted_bytes = 0;  // the most that was
  uint64_t peak_bytes = 0;       // the most that was measured

  // By which share of what was measured the prediction was too high (above 0) or too low.
  double error() const {
    const auto peak = static_cast<double>(peak_bytes);
    return peak > 0 ? (static_cast<double>(predicted_bytes) - peak) / peak : 0;
  }
};

// Over the newest jobs. Thread: any.
class MemoryErrors {
 public:
  // A share: too high or too low.
  void Add(double error) {
    MutexLock lock(mutex_);
    errors_.push_back(std::abs(error));
    if (errors_.size() > kJobsKept) errors_.pop_front();
  }

  // None before the first.
  std::optional<double> Mean() const {
    MutexLock lock(mutex_);
    if (errors_.empty()) return std::nullopt;
    double sum = 0;
    for (const double error : errors_) sum += error;
    return sum / static_cast<double>(errors_.size());
  }

 private:
  static constexpr size_t kJobsKept = 20;

  mutable Mutex mutex_;
  std::deque<double> errors_ GUARDED_BY(mutex_);
};

}  // namespace verbatim::jobs
