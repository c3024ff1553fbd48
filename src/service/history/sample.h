// One second of the server's life as a row of numbers, and the names of its columns. What grows
// while the server runs is a rate here: per second since the reading before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "performance/resources.h"
#include "pipeline/transcribe.h"

namespace verbatim::history {

enum class Series : uint8_t {
  kMemoryAvailable,
  kMemoryUsed,
  kProcessMemory,
  kMemoryStallSome,
  kMemoryStallFull,
  kLoad,
  kCpu,
  kDiskFree,
  kWorkers,
  kWorkersBusy,
  kWorkerEfficiency,
  kJobsQueued,
  kJobsRunning,
  kOldestWait,
  kWindows,
  kRealtimeFactor,
  kPressureLevel,
};
inline constexpr size_t kNamedSeries = static_cast<size_t>(Series::kPressureLevel) + 1;
// Behind them stands the thread time of each stage of the engine, in seconds for each second.
inline constexpr size_t kSeriesCount = kNamedSeries + profile::kStageCount;

// "memory_available_bytes", "stage_encoder_attention".
const std::string& SeriesName(size_t series);
std::optional<size_t> FindSeries(std::string_view name);

// Whether a second may have no reading of it; the others have one in every sample.
bool IsOptional(size_t series);
// A stage's time. Of it the mean alone means something.
constexpr bool IsStage(size_t series) { return series >= kNamedSeries; }

// What is read once a second. What grows is counted from the start of the server.
struct Reading {
  int64_t wall_ms = 0;
  int64_t steady_ms = 0;
  performance::Resources resources;
  double cpu_s = 0;  // computed by the process
  int workers = 0;   // of all loaded engines
  int workers_busy = 0;
  profile::StageMeter::Totals stages = {};
  int jobs_queued = 0;
  int jobs_running = 0;
  double oldest_wait_s = 0;  // of the queued
  uint64_t windows = 0;
  double audio_s = 0;
  double realtime_factor = 0;         // over the last minute
  std::optional<int> pressure_level;  // how far work was cut back for want of memory; 0: not
};

struct Sample {
  int64_t time_ms = 0;                        // wall clock
  std::array<double, kSeriesCount> values{};  // NaN: there is no reading

  double at(Series series) const { return values[static_cast<size_t>(series)]; }
  double& at(Series series) { return values[static_cast<size_t>(series)]; }
};

// The sample of a reading, with the rates since the one before. None: no time has passed.
std::optional<Sample> MakeSample(const Reading& before, const Reading& now);

// The share of their life in which workers computed, 0 to 1; none if no worker lived.
std::optional<double> WorkerEfficiency(const profile::StageMeter::Totals& before,
                                       const profile::StageMeter::Totals& now);

// Thread time that went into a stage. Unit: seconds.
double StageSeconds(const profile::StageMeter::Totals& before,
                    const profile::StageMeter::Totals& now, size_t stage);

// CPU time of this process so far. Unit: seconds.
double ProcessCpuSeconds();

// A sample as clients see it: {"time": Unix seconds, "load": 0.5, ...}; null: no reading.
std::string SampleJson(const Sample& sample);

}  // namespace verbatim::history
