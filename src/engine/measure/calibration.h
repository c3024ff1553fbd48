// The fastest formats, workers, threads and batch of a machine, found by running the whole path
// with each in turn. Never done by itself: someone asks for it, and what it finds is kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "measure/bench.h"
#include "pipeline/transcribe.h"

namespace verbatim::measure {

// What a calibration is good for: it holds on this machine, with this model.
struct CalibrationKey {
  std::string cpu;
  std::string instruction_set;
  int cpus = 1;
  std::string model;         // the name of its folder
  uint64_t model_bytes = 0;  // of model.bin

  friend bool operator==(const CalibrationKey&, const CalibrationKey&) = default;
};

// That of this machine and a model. Errors: kNotFound without model.bin; kInvalidArgument for a set
// of kernels that does not exist.
Result<CalibrationKey> CalibrationKeyOf(const std::filesystem::path& model_directory);

// Unit: seconds of thread time, as if all trials had had the same work.
struct PartTimes {
  double encoder = 0;    // its layers, with the audio's keys and values
  double attention = 0;  // the encoder's
  double decoder = 0;    // its layers, with the vocabulary and the alignment's pass
  double audio = 0;      // the decoder's attention over the audio
};

// A run with all parts in one type.
struct FormatTrial {
  pipeline::ComputeType type = pipeline::ComputeType::kInt8;
  double seconds = 0;  // of the fastest run, as the parts' times
  PartTimes parts;
};

struct ShapeTrial {
  pipeline::Calibration calibration;
  double seconds = 0;         // of the fastest run; infinite = does not fit the memory
  uint64_t memory_bytes = 0;  // that the engine added to the process at most; 0 = unknown
};

// What a number of workers gains and costs.
struct WorkerPoint {
  int workers = 1;
  int threads = 1;            // of each
  double speed = 0;           // x real time
  uint64_t memory_bytes = 0;  // of the engine at most, weights and all; 0 = unknown

  friend bool operator==(const WorkerPoint&, const WorkerPoint&) = default;
};

struct CalibrationReport {
  std::vector<FormatTrial> formats;  // the rule's first
  std::vector<ShapeTrial> mixtures;  // the rule's formats and those of the fastest parts, if other
  std::vector<ShapeTrial> shapes;    // workers x threads; the rule's first
  std::vector<ShapeTrial> batches;   // of the chosen shape; the rule's first
  std::vector<WorkerPoint> curve;    // with all else as chosen; the fewest workers first
  pipeline::Calibration chosen;
  double audio_seconds = 0;  // of one run
  double seconds = 0;        // that measuring took
};

// The index of the shortest time, or 0, the rule's, if none is at least 3 % below it.
size_t ChooseFastest(std::span<const double> seconds);

// For each part the format of the trial in which it was fastest; the first trial is the rule's.
pipeline::PartFormats ChooseFormats(std::span<const FormatTrial> trials);

// Workers x threads that share out the CPUs: each number up to 4, then twice as many each time, and
// a worker for each CPU.
std::vector<std::pair<int, int>> ShapesFor(int cpus);

// The points of the trials that ran, by the number of workers.
std::vector<WorkerPoint> CurveOf(std::span<const ShapeTrial> trials, double audio_seconds);

// Finds the fastest formats, then workers x threads, then batch, by running the request with each
// candidate in turn, `rounds` times (at least twice); then what each number of workers gains and
// costs with them. What the request's engine options say of them does not count. `on_progress`
// hears the share done, 0..1.
// Errors: as RunBench.
Result<CalibrationReport> RunCalibration(const BenchRequest& request,
                                         const std::function<void(double share)>& on_progress,
                                         const std::stop_token& stop);

}  // namespace verbatim::measure
