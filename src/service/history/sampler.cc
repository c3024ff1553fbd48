#include "history/sampler.h"

#include <algorithm>
#include <utility>

namespace verbatim::history {
namespace {

constexpr int64_t kMinuteMs = 60'000;

template <typename T>
std::optional<double> NumberOf(const std::optional<performance::Reading<T>>& reading) {
  if (!reading) return std::nullopt;
  return static_cast<double>(reading->value);
}

std::optional<double> ShareOf(const std::optional<performance::Reading<double>>& percent) {
  if (!percent) return std::nullopt;
  return percent->value / 100;
}

metrics::Machine MachineOf(const Reading& reading) {
  const performance::Resources& resources = reading.resources;
  metrics::Machine machine;
  machine.cores = resources.cores.value;
  machine.memory_total_bytes = static_cast<double>(resources.memory_total.value);
  machine.memory_available_bytes = static_cast<double>(resources.memory_available.value);
  machine.memory_stall_some = ShareOf(resources.memory_stall_some);
  machine.memory_stall_full = ShareOf(resources.memory_stall_full);
  machine.load = NumberOf(resources.load);
  machine.disk_free_bytes = NumberOf(resources.disk_free);
  machine.pressure_level = reading.pressure_level;
  return machine;
}

bool HasWork(const Reading& reading) { return reading.jobs_queued + reading.jobs_running > 0; }

}  // namespace

void Sampler::Tick() {
  Reading now = Read();
  TellMetrics(now);
  if (parts_.on_resources) parts_.on_resources(now.resources);
  if (before_) {
    if (const std::optional<Sample> sample = MakeSample(*before_, now)) {
      parts_.recorder.Add(*sample, now.steady_ms);
      const bool is_idle = !HasWork(*before_) && !HasWork(now);
      if (parts_.show_live) parts_.show_live(SampleJson(*sample), is_idle);
    }
  }
  before_ = std::move(now);
}

Reading Sampler::Read() const {
  const jobs::Jobs::Load load = parts_.jobs.load();
  const jobs::EngineUse engines = parts_.engines.use();
  Reading reading;
  reading.wall_ms = parts_.clock.WallMs();
  reading.steady_ms = parts_.clock.SteadyMs();
  reading.resources = performance::ReadResources(
      {.root = parts_.basis.root, .folder = parts_.basis.folder, .is_frequent = true});
  reading.cpu_s = ProcessCpuSeconds();
  reading.workers = engines.workers;
  reading.workers_busy = std::min(engines.busy, engines.workers);
  reading.stages = engines.stages;
  reading.jobs_queued = load.queued;
  reading.jobs_running = load.running;
  reading.oldest_wait_s = load.oldest_wait_s;
  reading.windows = load.windows;
  reading.audio_s = load.audio_s;
  reading.realtime_factor = load.realtime_factor;
  if (parts_.pressure_level) reading.pressure_level = parts_.pressure_level();
  return reading;
}

void Sampler::TellMetrics(const Reading& now) {
  minute_.push_back({now.steady_ms, now.stages});
  while (now.steady_ms - minute_.front().steady_ms > kMinuteMs) minute_.pop_front();
  metrics::Engines engines;
  engines.busy = now.workers_busy;
  engines.idle = now.workers - now.workers_busy;
  engines.efficiency = WorkerEfficiency(minute_.front().stages, now.stages);
  engines.realtime_factor = now.realtime_factor;
  parts_.metrics.SetEngines(engines);
  parts_.metrics.SetMachine(MachineOf(now));
  for (size_t i = 0; i < profile::kStageCount; ++i) {
    const double seconds =
        StageSeconds(before_ ? before_->stages : Reading{}.stages, now.stages, i);
    parts_.metrics.OnStage(profile::StageName(static_cast<profile::Stage>(i)), seconds);
  }
}

}  // namespace verbatim::history
