// How much audio was done, over the last minute and in all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "base/mutex.h"

namespace verbatim::jobs {

// Unit: milliseconds of a steady clock; seconds of audio. Thread: any.
class Throughput {
 public:
  void Add(int64_t now_ms, double audio_s) {
    MutexLock lock(mutex_);
    Forget(now_ms);
    done_.push_back({now_ms, audio_s});
    ++windows_;
    audio_s_ += audio_s;
  }

  // In all.
  uint64_t windows() const {
    MutexLock lock(mutex_);
    return windows_;
  }
  double audio_s() const {
    MutexLock lock(mutex_);
    return audio_s_;
  }

  // Seconds of audio per second; of a shorter time if the work began later.
  double Factor(int64_t now_ms) {
    MutexLock lock(mutex_);
    Forget(now_ms);
    if (done_.empty()) return 0;
    double audio_s = 0;
    for (const Entry& entry : done_) audio_s += entry.audio_s;
    const int64_t span_ms = std::max<int64_t>(now_ms - done_.front().time_ms, 1000);
    return audio_s * 1000 / static_cast<double>(span_ms);
  }

 private:
  static constexpr int64_t kSpanMs = 60'000;
  struct Entry {
    int64_t time_ms = 0;
    double audio_s = 0;
  };

  void Forget(int64_t now_ms) REQUIRES(mutex_) {
    while (!done_.empty() && now_ms - done_.front().time_ms > kSpanMs) done_.pop_front();
  }

  mutable Mutex mutex_;
  std::deque<Entry> done_ GUARDED_BY(mutex_);
  uint64_t windows_ GUARDED_BY(mutex_) = 0;
  double audio_s_ GUARDED_BY(mutex_) = 0;
};

}  // namespace verbatim::jobs
