// Looks at the machine every few seconds while a server runs, and acts on what it sees: loaded
// models get the number of workers that is best now, memory that gets short is given way to step by
// step (pressure_ladder.h), and memory comes back to the system once work has ended.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "performance/basis.h"
#include "performance/pressure_ladder.h"
#include "performance/worker_governor.h"

namespace verbatim::performance {

struct WatchOptions {
  GovernorOptions governor = {};
  PressureOptions pressure = {};
  int64_t idle_ms = 30'000;   // without work before memory is given back
  int64_t busy_ms = 300'000;  // of work, after which it is given back, too
};

// How memory is short, and what is done about it.
struct Pressure {
  PressureLevel level = PressureLevel::kNone;
  bool is_short = false;            // now: it may get worse
  std::vector<PressureStep> steps;  // in force
  EngineShape shape;                // of loaded models
};

// What it acts on; what is empty is left out.
struct WatchActions {
  std::function<void(const EngineShape& shape)> resize;       // models loaded now and later
  std::function<std::vector<std::string>()> release_idle;     // models; returns their names
  std::function<void(const Pressure& pressure)> on_pressure;  // the level has changed
};

// Thread: any.
class Watch {
 public:
  // Both outlive it. Looks at once.
  Watch(const Basis& basis, Log& log, WatchOptions options = {});

  // Once, before the first tick.
  void ActOn(WatchActions actions);

  // Called every few seconds, every second while memory is short. Unit: steady time.
  void Tick(int64_t now_ms, const Queue& queue);

  // What loaded models should have: workers as set, or the best number as steadied by the governor;
  // less of both where memory is short.
  EngineShape shape() const;

  // As of the last tick.
  Pressure pressure() const;

 private:
  void Govern(const Snapshot& snapshot, int64_t now_ms) REQUIRES(mutex_);
  void WarnOfPressure(const Resources& resources) REQUIRES(mutex_);
  // Whether the level has changed.
  bool Climb(const PressureLook& look) REQUIRES(mutex_);
  void TellReturn(const PressureStep& step) REQUIRES(mutex_);
  Pressure Now() const REQUIRES(mutex_);
  void Act(const Pressure& pressure, bool is_changed);
  void Clean(int64_t now_ms, const Queue& queue, bool is_enabled) REQUIRES(mutex_);

  const Basis& basis_;
  Log& log_;
  const WatchOptions options_;
  WatchActions actions_;
  mutable Mutex mutex_;
  WorkerGovernor governor_ GUARDED_BY(mutex_);
  std::optional<WorkerLimits> limits_ GUARDED_BY(mutex_);  // that the governor knows
  EngineShape full_ GUARDED_BY(mutex_);                    // while memory is at hand
  PressureLadder ladder_ GUARDED_BY(mutex_);
  bool is_pressed_ GUARDED_BY(mutex_) = false;     // as the warning has it
  bool is_return_told_ GUARDED_BY(mutex_) = true;  // of the last step
  bool is_to_clean_ GUARDED_BY(mutex_) = false;    // there was work since memory was given back
  int64_t busy_ms_ GUARDED_BY(mutex_) = 0;         // when there was work last
  int64_t cleaned_ms_ GUARDED_BY(mutex_) = 0;      // when memory was given back, or work began
};

}  // namespace verbatim::performance
