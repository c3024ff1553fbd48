// Wakes threads that wait for something to do. What rang before the wait began is not missed.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

#include "base/mutex.h"

namespace verbatim::jobs {

// Thread: any.
class Bell {
 public:
  void Ring() {
    {
      MutexLock lock(mutex_);
      ++rings_;
    }
    rung_.notify_all();
  }

  uint64_t rings() const {
    MutexLock lock(mutex_);
    return rings_;
  }

  // Until it has rung more often than `seen`, the time is over, or stopped.
  void Wait(uint64_t seen, std::chrono::milliseconds time_max, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, stop, time_max,
                   [this, seen]() NO_THREAD_SAFETY_ANALYSIS { return rings_ > seen; });
  }

  // The time, or until stopped.
  void Sleep(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, stop, time, [] { return false; });
  }

 private:
  mutable Mutex mutex_;
  ConditionVariable rung_;
  uint64_t rings_ GUARDED_BY(mutex_) = 0;
};

}  // namespace verbatim::jobs
