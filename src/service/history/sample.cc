#include "history/sample.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace verbatim::history {
namespace {

using profile::Stage;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// In the order of Series.
constexpr std::array<std::string_view, kNamedSeries> kNames = {"memory_available_bytes",
                                                               "memory_used_percent",
                                                               "process_memory_bytes",
                                                               "memory_stall_some_percent",
                                                               "memory_stall_full_percent",
                                                               "load",
                                                               "cpu_cores",
                                                               "disk_free_bytes",
                                                               "workers",
                                                               "workers_busy",
                                                               "worker_efficiency",
                                                               "jobs_queued",
                                                               "jobs_running",
                                                               "oldest_wait_s",
                                                               "windows_per_s",
                                                               "realtime_factor",
                                                               "pressure_level"};

std::array<std::string, kSeriesCount> MakeNames() {
  std::array<std::string, kSeriesCount> names;
  std::ranges::copy(kNames, names.begin());
  for (size_t stage = 0; stage < profile::kStageCount; ++stage) {
    std::string name = fmt::format("stage_{}", profile::StageName(static_cast<Stage>(stage)));
    std::ranges::replace_if(
        name, [](char c) { return (c < 'a' || c > 'z') && (c < '0' || c > '9'); }, '_');
    names[kNamedSeries + stage] = std::move(name);
  }
  return names;
}

const std::array<std::string, kSeriesCount>& Names() {
  static const std::array<std::string, kSeriesCount> names = MakeNames();
  return names;
}

template <typename T>
double ValueOf(const std::optional<performance::Reading<T>>& reading) {
  return reading ? static_cast<double>(reading->value) : kNone;
}

// A counter that went back belongs to something that began anew.
double Grown(double before, double now) { return std::max(now - before, 0.0); }

// Reading media, finding speech and cutting windows is done by the caller's thread, which also
// waits for workers.
bool IsOfWorkers(Stage stage) { return stage > Stage::kWindows && stage != Stage::kWorkerWait; }

std::string NumberText(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : "null";
}

}  // namespace

const std::string& SeriesName(size_t series) { return Names()[series]; }

std::optional<size_t> FindSeries(std::string_view name) {
  const auto found = std::ranges::find(Names(), name);
  if (found == Names().end()) return std::nullopt;
  return static_cast<size_t>(found - Names().begin());
}

bool IsOptional(size_t series) {
  constexpr std::array kOptional = {
      Series::kMemoryStallSome, Series::kMemoryStallFull,  Series::kLoad,
      Series::kDiskFree,        Series::kWorkerEfficiency, Series::kPressureLevel};
  return std::ranges::any_of(kOptional,
                             [series](Series one) { return static_cast<size_t>(one) == series; });
}

std::optional<Sample> MakeSample(const Reading& before, const Reading& now) {
  if (now.steady_ms <= before.steady_ms) return std::nullopt;
  const double elapsed_s = static_cast<double>(now.steady_ms - before.steady_ms) / 1000;
  const performance::Resources& resources = now.resources;
  Sample sample;
  sample.time_ms = now.wall_ms;
  sample.at(Series::kMemoryAvailable) = static_cast<double>(resources.memory_available.value);
  sample.at(Series::kMemoryUsed) = performance::MemoryUsedShare(resources) * 100;
  sample.at(Series::kProcessMemory) = static_cast<double>(resources.process_memory.value);
  sample.at(Series::kMemoryStallSome) = ValueOf(resources.memory_stall_some);
  sample.at(Series::kMemoryStallFull) = ValueOf(resources.memory_stall_full);
  sample.at(Series::kLoad) = ValueOf(resources.load);
  sample.at(Series::kCpu) = Grown(before.cpu_s, now.cpu_s) / elapsed_s;
  sample.at(Series::kDiskFree) = ValueOf(resources.disk_free);
  sample.at(Series::kWorkers) = now.workers;
  sample.at(Series::kWorkersBusy) = now.workers_busy;
  sample.at(Series::kWorkerEfficiency) =
      WorkerEfficiency(before.stages, now.stages).value_or(kNone);
  sample.at(Series::kJobsQueued) = now.jobs_queued;
  sample.at(Series::kJobsRunning) = now.jobs_running;
  sample.at(Series::kOldestWait) = now.oldest_wait_s;
  sample.at(Series::kWindows) =
      Grown(static_cast<double>(before.windows), static_cast<double>(now.windows)) / elapsed_s;
  sample.at(Series::kRealtimeFactor) = Grown(before.audio_s, now.audio_s) / elapsed_s;
  sample.at(Series::kPressureLevel) = now.pressure_level ? *now.pressure_level : kNone;
  for (size_t stage = 0; stage < profile::kStageCount; ++stage) {
    sample.values[kNamedSeries + stage] =
        StageSeconds(before.stages, now.stages, stage) / elapsed_s;
  }
  return sample;
}

std::optional<double> WorkerEfficiency(const profile::StageMeter::Totals& before,
                                       const profile::StageMeter::Totals& now) {
  double computed_s = 0;
  double lived_s = 0;
  for (size_t i = 0; i < profile::kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    if (!IsOfWorkers(stage)) continue;
    const double seconds = StageSeconds(before, now, i);
    lived_s += seconds;
    if (!profile::IsWaiting(stage)) computed_s += seconds;
  }
  if (lived_s <= 0) return std::nullopt;
  return computed_s / lived_s;
}

double StageSeconds(const profile::StageMeter::Totals& before,
                    const profile::StageMeter::Totals& now, size_t stage) {
  constexpr double kNanosecond = 1e-9;
  return kNanosecond * Grown(static_cast<double>(before[stage].nanoseconds),
                             static_cast<double>(now[stage].nanoseconds));
}

double ProcessCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string SampleJson(const Sample& sample) {
  std::string json = fmt::format("{{\"time\":{:.3f}", static_cast<double>(sample.time_ms) / 1000);
  for (size_t series = 0; series < kSeriesCount; ++series) {
    json += fmt::format(",\"{}\":{}", SeriesName(series), NumberText(sample.values[series]));
  }
  return json + "}";
}

}  // namespace verbatim::history
