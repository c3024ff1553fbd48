// How many workers a machine should have for a piece of work: a pure function of what can be read
// and what is set. It says which bound held, and why, in sentences a person can check.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "performance/resources.h"
#include "settings/settings.h"

namespace verbatim::performance {

// What the settings allow; names as there.
struct WorkerLimits {
  int min_workers = 2;
  int default_max_workers = 6;
  int max_workers_limit = 16;
  double low_memory_threshold_gb = 4.0;
  double high_memory_threshold_gb = 16.0;
  double memory_safety_factor = 0.8;

  friend bool operator==(const WorkerLimits&, const WorkerLimits&) = default;
};

// The limits among the settings.
WorkerLimits LimitsOf(const settings::Settings& settings);

// What a number of workers was measured to do on this machine.
struct WorkerPoint {
  int workers = 1;
  double speed = 0;           // x real time
  uint64_t memory_bytes = 0;  // of all of them, with the model; 0 = unknown
};

// What workers cost, and how many gain something.
struct WorkerCost {
  uint64_t shared_bytes = 0;       // that all of them share: the model's weights
  uint64_t bytes = 0;              // of each worker; 0 = unknown: memory sets no bound
  bool is_measured = false;        // both, on this machine; else they are an estimate
  int threads = 1;                 // of each worker
  int measured_best = 0;           // the number that was measured to be the fastest; 0: none was
  std::vector<WorkerPoint> curve;  // as measured, the fewest workers first; empty: it was not
};

// An estimate from the size of a model's file.
WorkerCost EstimateCost(uint64_t model_file_bytes);

// What was measured put in place of an estimate: the curve, and the memory if it grows with the
// workers.
WorkerCost MeasuredCost(WorkerCost estimate, std::vector<WorkerPoint> curve);

// What a number of workers does by the curve, as a straight line between its points; more workers
// than were measured do no more. Unit: x real time; 0 for an empty curve.
double SpeedOf(const std::vector<WorkerPoint>& curve, int workers);

// What is to be done; 0 = unknown.
struct Workload {
  uint64_t file_bytes = 0;  // of one file
  double audio_s = 0;       // of one file
  int files = 1;            // waiting or running
};

// What held the count where it is.
enum class Bound {
  kCeiling,   // default_max_workers, max_workers_limit, or the threshold of low memory
  kCores,     // there are no more
  kMemory,    // there is no more
  kWork,      // there is not more to do
  kMeasured,  // more were measured to be no faster
  kPressure,  // processes wait for memory now
  kFloor,     // min_workers
};
// "ceiling", "cores", "memory", "work", "measured", "pressure", "floor".
std::string_view BoundName(Bound bound);

struct WorkerCount {
  int count = 1;
  Bound bound = Bound::kCeiling;
  int memory_count = 1;              // as many as the memory has room for
  std::vector<std::string> reasons;  // sentences; the one of `bound` is among them
};

// Takes any numbers, also those that make no sense; the result is at least 1. The floor of
// min_workers is one of configuration: where the memory for it cannot be had, where more workers
// were measured to be slower, or where processes already wait for memory, there are fewer.
WorkerCount OptimalWorkerCount(const Resources& resources, const Workload& workload,
                               const WorkerCost& cost, const WorkerLimits& limits);

// "Optimal workers calculated: 8 (based on 14 cores, 12GB available)".
std::string WorkerSentence(const WorkerCount& count, const Resources& resources);

}  // namespace verbatim::performance
