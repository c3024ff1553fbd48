// The whole path, measured: where the time of a run goes, stage by stage, and how near each stage
// comes to what the machine could do at most, which is measured in the same run.
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
#include "pipeline/transcribe.h"

namespace verbatim::pipeline {

struct BenchRequest {
  EngineOptions engine;
  TranscribeOptions options;
  std::vector<FileRequest> files;
  int rounds = 1;  // of all files
};

struct BenchEvents {
  std::function<void(const Engine::Shape&)> on_start;  // before the first round
  std::function<void(int round, const Progress&)> on_progress;
};

// Unit: operations or bytes per second, over all threads of the workers; 0 = not available.
struct BenchLimits {
  double f32_products = 0;
  double bf16_products = 0;
  double int8_products = 0;
  double copy = 0;     // of memory, bytes read and written
  double reading = 0;  // of memory
};

// A stage, or several together.
struct BenchStage {
  std::string name;
  uint64_t calls = 0;
  double seconds = 0;  // of thread time, over all rounds
  double operations = 0;
  double bytes = 0;
  double share_of_limit = 0;  // time at the limit / time taken; 0 = no limit fits
  std::string limit;          // what bounds it: "int8 products", "memory" ...; "" = unknown
  bool is_waiting = false;
};

struct BenchReport {
  Engine::Shape shape;
  std::string instruction_set;
  int threads = 0;                 // workers * threads
  double audio_seconds = 0;        // of one round
  std::vector<double> seconds;     // of each round
  double cpu_seconds = 0;          // the process, over all rounds
  double load_seconds = 0;         // opening the model
  double first_text_seconds = 0;   // from opening the model to the first segment; 0 = no text
  uint64_t memory_peak_bytes = 0;  // of the process, without the measuring of limits; 0 = unknown
  BenchLimits before;
  BenchLimits after;
  double step_bytes = 0;    // that a decoding step reads
  double step_reading = 0;  // rate of reading as much as all workers' steps, over and over
  std::vector<BenchStage> stages;
  BenchStage encoder;  // its stages together
  BenchStage decoder;
  BenchStage all;
  double accounted_share = 0;  // thread time of all stages / (rounds' time * (threads + 1 reader))
};

// Opens the model, transcribes the files `rounds` times and measures the limits before and after.
// Errors: as Engine::Open and Engine::Transcribe; that of a file that fails; kInvalidArgument
// without files or rounds.
Result<BenchReport> RunBench(const BenchRequest& request, const BenchEvents& events,
                             const std::stop_token& stop);

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
  ComputeType type = ComputeType::kInt8;
  double seconds = 0;  // of the fastest run, as the parts' times
  PartTimes parts;
};

struct ShapeTrial {
  Calibration calibration;
  double seconds = 0;  // of the fastest run; infinite = does not fit the memory
};

struct CalibrationReport {
  std::vector<FormatTrial> formats;  // the rule's first
  std::vector<ShapeTrial> mixtures;  // the rule's formats and those of the fastest parts, if other
  std::vector<ShapeTrial> shapes;    // workers x threads; the rule's first
  std::vector<ShapeTrial> batches;   // of the chosen shape; the rule's first
  Calibration chosen;
  double audio_seconds = 0;  // of one run
  double seconds = 0;        // that measuring took
};

// The index of the shortest time, or 0, the rule's, if none is at least 3 % below it.
size_t ChooseFastest(std::span<const double> seconds);

// For each part the format of the trial in which it was fastest; the first trial is the rule's.
PartFormats ChooseFormats(std::span<const FormatTrial> trials);

// Workers x threads that use all CPUs.
std::vector<std::pair<int, int>> ShapesFor(int cpus);

// Finds the fastest formats, then workers x threads, then batch, by running the request with each
// candidate in turn, `rounds` times (at least twice). What the request's engine options say of them
// does not count. `on_progress` hears the share done, 0..1.
// Errors: as RunBench.
Result<CalibrationReport> RunCalibration(const BenchRequest& request,
                                         const std::function<void(double share)>& on_progress,
                                         const std::stop_token& stop);

}  // namespace verbatim::pipeline
