// The whole path, measured: where the time of a run goes, stage by stage, and how near each stage
// comes to what the machine could do at most, which is measured in the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "pipeline/transcribe.h"

namespace verbatim::measure {

struct BenchRequest {
  pipeline::EngineOptions engine;
  pipeline::TranscribeOptions options;
  std::vector<pipeline::FileRequest> files;
  int rounds = 1;  // of all files
};

struct BenchEvents {
  std::function<void(const pipeline::Engine::Shape&)> on_start;  // before the first round
  std::function<void(int round, const pipeline::Progress&)> on_progress;
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
  pipeline::Engine::Shape shape;
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

}  // namespace verbatim::measure
