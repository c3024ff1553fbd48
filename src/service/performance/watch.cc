#include "performance/watch.h"

#include <optional>
#include <string>

#include "performance/memory_cleanup.h"

namespace verbatim::performance {

Watch::Watch(const Basis& basis, Log& log, WatchOptions options)
    : basis_(basis), log_(log), options_(options), governor_(1, options.governor) {
  const Snapshot snapshot = TakeSnapshot(basis_, {}, {});
  const WorkerCount best = OptimalWorkerCount(snapshot);
  log_.Info("{}", WorkerSentence(best, snapshot.resources));
  const MutexLock lock(mutex_);
  governor_.Reset(best.count);
  WarnOfPressure(snapshot.resources);
}

void Watch::Tick(int64_t now_ms, const Queue& queue) {
  const Snapshot snapshot = TakeSnapshot(basis_, queue, {});
  const WorkerCount best = OptimalWorkerCount(snapshot);
  const MutexLock lock(mutex_);
  const int before = governor_.count();
  WorkerCount now = best;
  now.count = governor_.Update(best.count, now_ms);
  if (now.count != before) log_.Info("{}", WorkerSentence(now, snapshot.resources));
  WarnOfPressure(snapshot.resources);
  CleanWhenIdle(now_ms, queue);
}

int Watch::workers() const {
  const MutexLock lock(mutex_);
  return governor_.count();
}

// Once when it begins, not at every look.
void Watch::WarnOfPressure(const Resources& resources) {
  const std::optional<std::string> pressure = PressureSentence(resources);
  if (pressure && !is_pressed_) log_.Warning("{}", *pressure);
  is_pressed_ = pressure.has_value();
}

void Watch::CleanWhenIdle(int64_t now_ms, const Queue& queue) {
  if (queue.running > 0 || queue.queued > 0) {
    busy_ms_ = now_ms;
    is_to_clean_ = true;
  }
  const bool is_due = is_to_clean_ && now_ms - busy_ms_ >= options_.idle_ms;
  if (!is_due || !basis_.settings->Current().enable_memory_cleanup) return;
  is_to_clean_ = false;
  log_.Info("{}", CleanupSentence(OptimizeMemory({.cleanup = Cleanup::kAlways})));
}

}  // namespace verbatim::performance
