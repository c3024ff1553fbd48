#include "performance/worker_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace verbatim::performance {
namespace {

constexpr int kUnbounded = std::numeric_limits<int>::max();
constexpr int kWorkersMax = 64;  // what the engine takes

// The engine's windows hold up to 30 s. A worker with fewer than two has nothing to batch.
constexpr double kWindowSeconds = 30;
constexpr double kWindowsPerWorker = 2;

// Speech in small files is coded at about 32 kbit/s. A video of the same size is shorter, which
// costs nothing: spare workers find no window and wait.
constexpr double kFileBytesPerSecond = 4000;

// Shares of the last 10 s in which some process waited for memory.
constexpr double kStallHalves = 10;
constexpr double kStallLeavesOne = 40;

// The settings, put in order where they contradict each other.
struct Range {
  int floor = 1;
  int start = 1;
  int hard = 1;
};

Range RangeOf(const WorkerLimits& limits) {
  Range range;
  range.hard = std::clamp(limits.max_workers_limit, 1, kWorkersMax);
  range.floor = std::clamp(limits.min_workers, 1, range.hard);
  range.start = std::clamp(limits.default_max_workers, range.floor, range.hard);
  return range;
}

struct Limit {
  Bound bound = Bound::kCeiling;
  int count = kUnbounded;
  std::string reason;  // empty: it sets no bound
};

double Gigabytes(uint64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(kGigabyte);
}

// From default_max_workers at the low threshold to max_workers_limit at the high one.
Limit CeilingLimit(const Resources& resources, const WorkerLimits& limits) {
  const Range range = RangeOf(limits);
  const uint64_t bytes = resources.memory_available.value;
  const double available = Gigabytes(bytes);
  const double low = limits.low_memory_threshold_gb;
  const double high = limits.high_memory_threshold_gb;
  if (available < low) {
    return {Bound::kCeiling, range.floor,
            fmt::format("{} available is less than low_memory_threshold_gb ({:g}): no more than "
                        "min_workers ({})",
                        GigabyteText(bytes), low, range.floor)};
  }
  if (!(available < high)) {
    return {Bound::kCeiling, range.hard,
            fmt::format("{} available reaches high_memory_threshold_gb ({:g}): up to "
                        "max_workers_limit ({})",
                        GigabyteText(bytes), high, range.hard)};
  }
  const double share = high > low ? (available - low) / (high - low) : 1;
  const int count = range.start + static_cast<int>(share * (range.hard - range.start));
  return {Bound::kCeiling, count,
          fmt::format("{} available lies between the thresholds of memory: up to {}, between "
                      "default_max_workers ({}) and max_workers_limit ({})",
                      GigabyteText(bytes), count, range.start, range.hard)};
}

Limit CoreLimit(const Resources& resources, const WorkerCost& cost) {
  const int cores = std::max(resources.cores.value, 1);
  const int threads = std::max(cost.threads, 1);
  const int count = std::max(cores / threads, 1);
  return {Bound::kCores, count,
          threads == 1
              ? fmt::format("{} cores ({}): up to {}", cores, resources.cores.source, count)
              : fmt::format("{} cores ({}), {} threads for each worker: up to {}", cores,
                            resources.cores.source, threads, count)};
}

Limit MemoryLimit(const Resources& resources, const WorkerCost& cost, const WorkerLimits& limits) {
  if (cost.bytes == 0) return {Bound::kMemory, kUnbounded, ""};
  const double factor = std::isfinite(limits.memory_safety_factor)
                            ? std::clamp(limits.memory_safety_factor, 0.0, 1.0)
                            : 0.0;
  const double budget = factor * static_cast<double>(resources.memory_available.value);
  const double left = budget - static_cast<double>(cost.shared_bytes);
  const double fitting = std::max(left, 0.0) / static_cast<double>(cost.bytes);
  const int count = static_cast<int>(std::clamp(fitting, 0.0, static_cast<double>(kWorkersMax)));
  return {Bound::kMemory, count,
          fmt::format("{:.0f} % of {} available ({}), {} MB for the model and {} MB for each "
                      "worker ({}): room for {}",
                      factor * 100, GigabyteText(resources.memory_available.value),
                      resources.memory_available.source, cost.shared_bytes / 1'000'000,
                      cost.bytes / 1'000'000, cost.is_measured ? "measured" : "estimated", count)};
}

Limit WorkLimit(const Workload& workload) {
  const double audio_s = workload.audio_s > 0
                             ? workload.audio_s
                             : static_cast<double>(workload.file_bytes) / kFileBytesPerSecond;
  if (!(audio_s > 0)) return {Bound::kWork, kUnbounded, ""};
  const double windows =
      std::ceil(audio_s / kWindowSeconds) * static_cast<double>(std::max(workload.files, 1));
  const double count = std::min(std::ceil(windows / kWindowsPerWorker), 1e6);
  return {Bound::kWork, std::max(static_cast<int>(count), 1),
          fmt::format("about {:.0f} windows of 30 s to do: up to {:.0f}", windows, count)};
}

// The fewest of up to `most` workers that are as fast as any; a little less may be chance.
Limit CurveLimit(const std::vector<WorkerPoint>& curve, int most) {
  constexpr double kAsFast = 0.97;
  double best = 0;
  for (int count = 1; count <= most; ++count) best = std::max(best, SpeedOf(curve, count));
  int fewest = 1;
  while (fewest < most && SpeedOf(curve, fewest) < kAsFast * best) ++fewest;
  const double speed = SpeedOf(curve, fewest);
  return {Bound::kMeasured, fewest,
          fewest < most
              ? fmt::format("measured on this machine: {} do {:.1f} x real time, up to {} no more "
                            "than {:.1f}",
                            fewest, speed, most, best)
              : fmt::format("measured on this machine: {} do {:.1f} x real time, fewer do less",
                            fewest, speed)};
}

Limit MeasuredLimit(const WorkerCost& cost, int most) {
  if (!cost.curve.empty()) return CurveLimit(cost.curve, std::clamp(most, 1, kWorkersMax));
  if (cost.measured_best <= 0) return {Bound::kMeasured, kUnbounded, ""};
  return {Bound::kMeasured, cost.measured_best,
          fmt::format("measured on this machine: {} are the fastest", cost.measured_best)};
}

// What stalls leave of a count.
Limit PressureLimit(const Resources& resources, int count, int floor) {
  const double stall = resources.memory_stall_some ? resources.memory_stall_some->value : 0;
  if (stall < kStallHalves) return {Bound::kPressure, kUnbounded, ""};
  const std::string what =
      fmt::format("processes waited for memory {:.0f} % of the last 10 s", stall);
  if (stall >= kStallLeavesOne) return {Bound::kPressure, 1, what + ": one worker"};
  const int half = std::max({count / 2, std::min(count, floor), 1});
  return {Bound::kPressure, half, fmt::format("{}: half as many, {}", what, half)};
}

void Add(const Limit& limit, WorkerCount& result) {
  if (limit.reason.empty()) return;
  result.reasons.push_back(limit.reason);
  if (limit.count >= result.count) return;
  result.count = limit.count;
  result.bound = limit.bound;
}

// Up to min_workers, as far as memory, measurements and pressure allow.
void Raise(const Range& range, int possible, WorkerCount& result) {
  const int floor = std::min(range.floor, possible);
  if (result.count < floor) {
    result.count = floor;
    result.bound = Bound::kFloor;
    result.reasons.push_back(fmt::format("min_workers: no fewer than {}", floor));
  }
  result.count = std::max(result.count, 1);
  if (result.memory_count >= range.floor) return;
  result.reasons.push_back(
      result.memory_count < 1
          ? "the memory for one worker cannot be had for sure; one runs all the same"
          : fmt::format("min_workers is {}, but the memory for that cannot be had: {}", range.floor,
                        result.count));
}

}  // namespace

WorkerLimits LimitsOf(const settings::Settings& settings) {
  return {static_cast<int>(settings.min_workers),
          static_cast<int>(settings.default_max_workers),
          static_cast<int>(settings.max_workers_limit),
          settings.low_memory_threshold_gb,
          settings.high_memory_threshold_gb,
          settings.memory_safety_factor};
}

// The engine's own estimate for tiny, base, small, medium and large is 86, 101, 132, 163 and 194
// MB for each worker; their files have 75, 145, 480, 1500 and 3100 MB. This is within a fifth of
// it. Packed weights take about as much as their file.
WorkerCost EstimateCost(uint64_t model_file_bytes) {
  constexpr uint64_t kLeastBytes = 100'000'000;
  constexpr uint64_t kFileShare = 30;
  WorkerCost cost;
  cost.shared_bytes = model_file_bytes;
  cost.bytes = kLeastBytes + model_file_bytes / kFileShare;
  return cost;
}

// The line through the points of the fewest and the most workers.
WorkerCost MeasuredCost(WorkerCost estimate, std::vector<WorkerPoint> curve) {
  WorkerCost cost = std::move(estimate);
  cost.curve = std::move(curve);
  if (cost.curve.empty()) return cost;
  const WorkerPoint& fewest = cost.curve.front();
  const WorkerPoint& most = cost.curve.back();
  if (fewest.memory_bytes == 0 || most.memory_bytes <= fewest.memory_bytes ||
      most.workers <= fewest.workers) {
    return cost;
  }
  cost.bytes = (most.memory_bytes - fewest.memory_bytes) /
               static_cast<uint64_t>(int64_t{most.workers} - fewest.workers);
  const uint64_t of_fewest = cost.bytes * static_cast<uint64_t>(std::max(fewest.workers, 0));
  cost.shared_bytes = fewest.memory_bytes - std::min(fewest.memory_bytes, of_fewest);
  cost.is_measured = true;
  return cost;
}

double SpeedOf(const std::vector<WorkerPoint>& curve, int workers) {
  if (curve.empty()) return 0;
  WorkerPoint before{0, 0, 0};
  for (const WorkerPoint& point : curve) {
    if (point.workers >= workers && point.workers > before.workers) {
      const double first = before.workers;
      const double share = (workers - first) / (point.workers - first);
      return before.speed + share * (point.speed - before.speed);
    }
    before = point;
  }
  return before.speed;
}

std::string_view BoundName(Bound bound) {
  switch (bound) {
    case Bound::kCeiling: return "ceiling";
    case Bound::kCores: return "cores";
    case Bound::kMemory: return "memory";
    case Bound::kWork: return "work";
    case Bound::kMeasured: return "measured";
    case Bound::kPressure: return "pressure";
    case Bound::kFloor: break;
  }
  return "floor";
}

WorkerCount OptimalWorkerCount(const Resources& resources, const Workload& workload,
                               const WorkerCost& cost, const WorkerLimits& limits) {
  const Range range = RangeOf(limits);
  const Limit memory = MemoryLimit(resources, cost, limits);
  WorkerCount result;
  result.count = kUnbounded;
  result.memory_count = std::min(memory.count, kWorkersMax);
  Add(CoreLimit(resources, cost), result);
  Add(memory, result);
  Add(WorkLimit(workload), result);
  Add(CeilingLimit(resources, limits), result);
  const Limit measured = MeasuredLimit(cost, std::max(result.count, range.floor));
  Add(measured, result);
  const Limit pressure = PressureLimit(resources, result.count, range.floor);
  Add(pressure, result);
  Raise(range, std::min({memory.count, measured.count, pressure.count}), result);
  return result;
}

std::string WorkerSentence(const WorkerCount& count, const Resources& resources) {
  return fmt::format("Optimal workers calculated: {} (based on {} cores, {} available)",
                     count.count, resources.cores.value,
                     GigabyteText(resources.memory_available.value));
}

}  // namespace verbatim::performance
