#include "pipeline/engine_shape.h"

#include <algorithm>
#include <cstdint>

namespace verbatim::pipeline {
namespace {

constexpr int kWorkersMax = 64;
constexpr int kThreadsMax = 256;
constexpr int kBatchMax = 64;

// What all windows of a worker's batch may take together. More windows in a batch read the weights
// less often; beyond this the gain is small.
constexpr uint64_t kBatchBytes = 40'000'000;
constexpr uint64_t kBatchWindowsMax = 8;

// All workers together take at most one part in this many of the free memory.
constexpr uint64_t kShareOfFree = 4;

// A worker of one thread never waits for another thread, so there are as many as the memory allows.
int WorkersFor(const whisper::ModelShape& model, const Machine& machine) {
  const uint64_t bytes = kBatchBytes + BytesPerWorker(model);
  const uint64_t fitting =
      machine.memory_free == 0 ? kWorkersMax : machine.memory_free / kShareOfFree / bytes;
  return static_cast<int>(
      std::clamp<uint64_t>(fitting, 1, static_cast<uint64_t>(std::min(machine.cpus, kWorkersMax))));
}

// Windows that fit each worker's share of the free memory.
int WindowsFitting(const whisper::ModelShape& model, nn::AudioFormat format, const Machine& machine,
                   int workers) {
  if (machine.memory_free == 0) return kBatchMax;
  const uint64_t share = machine.memory_free / kShareOfFree / static_cast<uint64_t>(workers);
  const uint64_t bytes = share - std::min<uint64_t>(share, BytesPerWorker(model));
  return static_cast<int>(std::min<uint64_t>(bytes / BytesPerWindow(model, format), kBatchMax));
}

int BatchFor(const whisper::ModelShape& model, nn::AudioFormat format, const Machine& machine,
             int workers) {
  const auto windows =
      static_cast<int>(std::min(kBatchBytes / BytesPerWindow(model, format), kBatchWindowsMax));
  return std::max(1, std::min(windows, WindowsFitting(model, format, machine, workers)));
}

bool IsUsable(const Calibration& calibration, const whisper::ModelShape& model,
              nn::AudioFormat format, const Machine& machine) {
  const bool is_in_range = calibration.workers >= 1 && calibration.workers <= kWorkersMax &&
                           calibration.threads >= 1 && calibration.threads <= kThreadsMax &&
                           calibration.batch >= 1 && calibration.batch <= kBatchMax;
  return is_in_range && calibration.workers * calibration.threads <= machine.cpus &&
         (calibration.workers == 1 ||
          WindowsFitting(model, format, machine, calibration.workers) >= 1);
}

uint64_t WeightBytes(const whisper::ModelShape& shape, const whisper::Precision& precision) {
  using Format = nn::Linear::Format;
  const auto bytes_of = [](Format format) -> uint64_t {
    if (format == Format::kInt8) return 1;
    return format == Format::kBf16 ? 2 : sizeof(float);
  };
  // Attention has 4 matrices, feed-forward 2 that are 4 times as wide.
  const uint64_t square = uint64_t{shape.width} * shape.width;
  const uint64_t encoder = shape.encoder_layers * 12 * square;
  const uint64_t decoder = shape.decoder_layers * 16 * square + shape.vocabulary * shape.width;
  const uint64_t convolutions = 3 * (shape.mels + shape.width) * shape.width;
  const uint64_t positions = (shape.audio_positions + shape.text_positions) * shape.width;
  return encoder * bytes_of(precision.encoder) + decoder * bytes_of(precision.decoder) +
         (convolutions + positions) * sizeof(float);
}

}  // namespace

size_t BytesPerWindow(const whisper::ModelShape& shape, nn::AudioFormat format) {
  const size_t numbers = shape.decoder_layers * shape.audio_positions * shape.width * 2;
  const size_t scales = shape.decoder_layers * shape.audio_positions * shape.heads * 2;
  return format == nn::AudioFormat::kInt8 ? numbers + scales * sizeof(float)
                                          : numbers * sizeof(uint16_t);
}

size_t BytesPerWorker(const whisper::ModelShape& shape) {
  constexpr size_t kStates = 20;  // as many times the states of one window
  return kStates * shape.audio_positions * shape.width * sizeof(float);
}

size_t ReservedBytes(const whisper::ModelShape& shape, size_t alignment_heads,
                     const WorkerShape& worker) {
  constexpr size_t kPerThread = size_t{12} << 20;  // its stack, and blocks of rows in the works
  constexpr size_t kStates = 8;          // of the encoder, as many times those of a window
  constexpr size_t kRowsOfEntries = 10;  // of the model's width, for a token in a step
  const size_t rows = worker.size.rows(worker.batch) + 1;
  const size_t positions = worker.size.positions;
  const size_t texts = shape.decoder_layers * rows * positions * shape.width * 2 * sizeof(float);
  const size_t kept = alignment_heads * positions * shape.audio_positions *
                      (worker.batch * sizeof(uint16_t) + sizeof(float));
  const size_t entries = (positions + rows) * kRowsOfEntries * shape.width * sizeof(float);
  const size_t logits = (rows + worker.batch) * shape.vocabulary * sizeof(float);
  const size_t states = kStates * shape.audio_positions * shape.width * sizeof(float);
  return texts + kept + entries + logits + states + worker.threads * kPerThread;
}

uint64_t EngineBytes(const whisper::ModelShape& shape, const whisper::Precision& precision,
                     const EngineSize& size) {
  const auto workers = static_cast<uint64_t>(std::max(size.workers, 0));
  const auto windows = static_cast<uint64_t>(std::max(size.batch, 0));
  return WeightBytes(shape, precision) +
         workers * (BytesPerWorker(shape) + windows * BytesPerWindow(shape, precision.audio));
}

Engine::Shape ResizedShape(Engine::Shape shape, const EngineSize& size, int cpus) {
  const int workers = std::clamp(size.workers, 1, kWorkersMax);
  const int batch = std::clamp(size.batch, 1, kBatchMax);
  if (workers != shape.workers) {
    shape.workers = workers;
    shape.workers_from = Origin::kRule;
    if (shape.threads_from != Origin::kOptions) {
      shape.threads = std::max(1, cpus / workers);
      shape.threads_from = Origin::kRule;
    }
  }
  if (batch != shape.batch) {
    shape.batch = batch;
    shape.batch_from = Origin::kRule;
  }
  return shape;
}

int ThreadsFor(int cpus, std::optional<uint64_t> address_space) {
  constexpr uint64_t kStack = uint64_t{8} << 20;
  constexpr uint64_t kShareOfStacks = 8;  // one part in this many of the space
  if (!address_space) return cpus;
  const uint64_t fitting = *address_space / kShareOfStacks / kStack;
  return static_cast<int>(std::clamp<uint64_t>(fitting, 1, static_cast<uint64_t>(cpus)));
}

Result<Engine::Shape> ChooseShape(const EngineOptions& options, const whisper::ModelShape& model,
                                  nn::AudioFormat format, const Machine& machine) {
  if (options.workers < 0 || options.workers > kWorkersMax || options.threads < 0 ||
      options.threads > kThreadsMax || options.batch < 0 || options.batch > kBatchMax) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "use at most 64 workers, 256 threads for each and batches of 64; 0 leaves the choice open");
  }
  Engine::Shape shape;
  const bool is_calibrated = options.workers == 0 && options.threads == 0 && options.calibration &&
                             IsUsable(*options.calibration, model, format, machine);
  if (is_calibrated) {
    shape.workers = options.calibration->workers;
    shape.threads = options.calibration->threads;
  } else {
    shape.workers = options.workers > 0   ? options.workers
                    : options.threads > 0 ? std::max(1, machine.cpus / options.threads)
                                          : WorkersFor(model, machine);
    shape.threads =
        options.threads > 0 ? options.threads : std::max(1, machine.cpus / shape.workers);
  }
  shape.batch = options.batch > 0 ? options.batch
                : is_calibrated ? std::clamp(WindowsFitting(model, format, machine, shape.workers),
                                             1, options.calibration->batch)
                                : BatchFor(model, format, machine, shape.workers);
  const auto origin = [is_calibrated](int option) {
    if (option > 0) return Origin::kOptions;
    return is_calibrated ? Origin::kCalibration : Origin::kRule;
  };
  shape.workers_from = origin(options.workers);
  shape.threads_from = origin(options.threads);
  shape.batch_from = origin(options.batch);
  return shape;
}

}  // namespace verbatim::pipeline
