#include "performance/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "performance/memory_cleanup.h"

namespace verbatim::performance {
namespace {

// After a step workers end the windows they are at; then what it gave back is told.
constexpr int64_t kReturnMs = 10'000;

// Kept by the allocator, under load. Less is needed again at once.
constexpr uint64_t kWorthwhileWhenBusy = 64 << 20;

std::string ShapeText(const EngineShape& shape) {
  std::string text = shape.workers == 1 ? "1 worker for each model"
                                        : fmt::format("{} workers for each model", shape.workers);
  if (shape.batch > 0) text += fmt::format(", batches of {}", shape.batch);
  return text;
}

std::string StepText(PressureLevel level) {
  if (level == PressureLevel::kNone) return "Memory is at hand again";
  return fmt::format("Memory pressure, step {} of {} ({})", static_cast<int>(level),
                     kPressureLevels, PressureName(level));
}

}  // namespace

Watch::Watch(const Basis& basis, Log& log, WatchOptions options)
    : basis_(basis),
      log_(log),
      options_(options),
      governor_(1, options.governor),
      ladder_(options.pressure) {
  const Snapshot snapshot = TakeSnapshot(basis_, {}, {});
  const MutexLock lock(mutex_);
  Govern(snapshot, 0);
  WarnOfPressure(snapshot.resources);
}

void Watch::ActOn(WatchActions actions) { actions_ = std::move(actions); }

void Watch::Tick(int64_t now_ms, const Queue& queue) {
  const Snapshot snapshot = TakeSnapshot(basis_, queue, {});
  Pressure pressure;
  bool is_changed = false;
  {
    const MutexLock lock(mutex_);
    Govern(snapshot, now_ms);
    WarnOfPressure(snapshot.resources);
    ladder_.SetUpAfter(snapshot.settings.memory_recovery_seconds * 1000);
    is_changed = Climb(PressureLookAt(snapshot.resources, now_ms));
    pressure = Now();
  }
  Act(pressure, is_changed);
  const MutexLock lock(mutex_);
  Clean(now_ms, queue, snapshot.settings.enable_memory_cleanup);
}

EngineShape Watch::shape() const {
  const MutexLock lock(mutex_);
  return Now().shape;
}

Pressure Watch::pressure() const {
  const MutexLock lock(mutex_);
  return Now();
}

Pressure Watch::Now() const {
  return {ladder_.level(), ladder_.is_short(), ladder_.steps(), ShapeAt(ladder_.level(), full_)};
}

// New limits count at once, a change of the machine by and by.
void Watch::Govern(const Snapshot& snapshot, int64_t now_ms) {
  const settings::Settings& settings = snapshot.settings;
  WorkerCount best = OptimalWorkerCount(snapshot);
  const int before = governor_.count();
  const bool is_new = limits_ != LimitsOf(settings);
  limits_ = LimitsOf(settings);
  const bool is_tight = best.memory_count < 1;
  if (is_new) {
    governor_.Reset(best.count);
  } else {
    best.count = governor_.Update(best.count, now_ms);
  }
  if (is_new || best.count != before) log_.Info("{}", WorkerSentence(best, snapshot.resources));
  // Models at work share what is best.
  const int models = std::max(snapshot.engines.busy, 1);
  full_.workers = settings.workers > 0 ? static_cast<int>(settings.workers)
                                       : (best.count + models - 1) / models;
  full_.batch = static_cast<int>(settings.batch);
  // There is no room for one worker as it would like to be.
  if (is_tight && full_.batch == 0 && full_.workers == 1) full_.batch = 1;
}

// Once when it begins, not at every look.
void Watch::WarnOfPressure(const Resources& resources) {
  const std::optional<std::string> pressure = PressureSentence(resources);
  if (pressure && !is_pressed_) log_.Warning("{}", *pressure);
  is_pressed_ = pressure.has_value();
}

bool Watch::Climb(const PressureLook& look) {
  const size_t before = ladder_.steps().size();
  std::optional<PressureStep> last;
  if (before > 0) last = ladder_.steps().back();
  const PressureLevel level = ladder_.Update(look);
  const std::vector<PressureStep>& steps = ladder_.steps();
  const bool is_changed = steps.size() != before;
  if (last && steps.size() >= before) last = steps[before - 1];  // measured anew
  if (last && (is_changed || look.now_ms - last->since_ms >= kReturnMs)) TellReturn(*last);
  if (!is_changed) return false;
  is_return_told_ = steps.size() < before;
  log_.Write(
      steps.size() > before ? LogLevel::kWarning : LogLevel::kInfo,
      fmt::format("{}: {} ({} MB available, {} MB held)", StepText(level), ShapeText(Now().shape),
                  look.available_bytes >> 20, look.held_bytes >> 20));
  return true;
}

void Watch::TellReturn(const PressureStep& step) {
  if (is_return_told_) return;
  is_return_told_ = true;
  log_.Info("{}: {} MB came back", StepText(step.level), step.returned_bytes >> 20);
}

// Without the mutex: models that go take their time.
void Watch::Act(const Pressure& pressure, bool is_changed) {
  if (actions_.resize) actions_.resize(pressure.shape);
  if (pressure.level >= PressureLevel::kReleaseIdle && actions_.release_idle) {
    actions_.release_idle();
  }
  if (is_changed && actions_.on_pressure) actions_.on_pressure(pressure);
}

// What workers gave up lies with the allocator: while a step is measured it goes back at once.
void Watch::Clean(int64_t now_ms, const Queue& queue, bool is_enabled) {
  if (!is_return_told_) OptimizeMemory({.root = basis_.root});
  const bool is_busy = queue.running > 0 || queue.queued > 0;
  if (is_busy) {
    if (!is_to_clean_) cleaned_ms_ = now_ms;
    is_to_clean_ = true;
    busy_ms_ = now_ms;
  }
  if (!is_to_clean_ || !is_enabled) return;
  const bool is_idle_due = now_ms - busy_ms_ >= options_.idle_ms;
  const bool is_busy_due = is_busy && now_ms - cleaned_ms_ >= options_.busy_ms;
  if (!is_idle_due && !is_busy_due) return;
  is_to_clean_ = is_busy;
  cleaned_ms_ = now_ms;
  MemoryOptions options{.worthwhile_bytes = kWorthwhileWhenBusy, .root = basis_.root};
  if (is_idle_due) options.cleanup = Cleanup::kAlways;
  const MemoryResult result = OptimizeMemory(options);
  if (result.is_done) log_.Info("{}", CleanupSentence(result));
}

}  // namespace verbatim::performance
