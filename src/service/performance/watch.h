// Looks at the machine every few seconds while a server runs: keeps the number of workers that is
// best now, warns when memory gets short, and gives memory back once work has ended.
#pragma once

#include <cstdint>

#include "base/log.h"
#include "base/mutex.h"
#include "performance/basis.h"
#include "performance/worker_governor.h"

namespace verbatim::performance {

struct WatchOptions {
  GovernorOptions governor = {};
  int64_t idle_ms = 30'000;  // without work before memory is given back
};

// Thread: any.
class Watch {
 public:
  // Both outlive it. Looks at once.
  Watch(const Basis& basis, Log& log, WatchOptions options = {});

  // Called every few seconds. Unit: steady time.
  void Tick(int64_t now_ms, const Queue& queue);

  // The best number of workers, as steadied by the governor.
  int workers() const;

 private:
  void WarnOfPressure(const Resources& resources) REQUIRES(mutex_);
  void CleanWhenIdle(int64_t now_ms, const Queue& queue) REQUIRES(mutex_);

  const Basis& basis_;
  Log& log_;
  const WatchOptions options_;
  mutable Mutex mutex_;
  WorkerGovernor governor_ GUARDED_BY(mutex_);
  bool is_pressed_ GUARDED_BY(mutex_) = false;
  bool is_to_clean_ GUARDED_BY(mutex_) = false;  // there was work since memory was given back
  int64_t busy_ms_ GUARDED_BY(mutex_) = 0;       // when there was work last
};

}  // namespace verbatim::performance
