#include "pipeline/engine_shape.h"

#include <algorithm>
#include <cstdint>

namespace verbatim::pipeline {
namespace {

constexpr int kWorkersMax = 64;
constexpr int kThreadsMax = 256;
constexpr int kBatchMax = 64;

// More threads than this on one window wait for each other more than they work.
constexpr int kThreadsPerWorker = 4;

// What all windows of a worker's batch may take together, and what they take at most of the free
// memory. More windows in a batch read the weights less often; beyond this the gain is small.
constexpr uint64_t kBatchBytes = 80'000'000;
constexpr uint64_t kShareOfFree = 4;

}  // namespace

size_t BytesPerWindow(const whisper::ModelShape& shape) {
  return shape.decoder_layers * shape.audio_positions * shape.width * 2 * sizeof(uint16_t);
}

Result<Engine::Shape> ChooseShape(const EngineOptions& options, const whisper::ModelShape& model,
                                  int cpus, uint64_t memory_free) {
  if (options.workers < 0 || options.workers > kWorkersMax || options.threads < 0 ||
      options.threads > kThreadsMax || options.batch < 0 || options.batch > kBatchMax) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "use at most 64 workers, 256 threads for each and batches of 64; 0 leaves the choice open");
  }
  Engine::Shape shape;
  shape.workers = options.workers > 0   ? options.workers
                  : options.threads > 0 ? std::max(1, cpus / options.threads)
                                        : (cpus + kThreadsPerWorker - 1) / kThreadsPerWorker;
  shape.threads = options.threads > 0 ? options.threads : std::max(1, cpus / shape.workers);
  uint64_t bytes = kBatchBytes;
  if (memory_free > 0)
    bytes = std::min(bytes, memory_free / kShareOfFree / static_cast<uint64_t>(shape.workers));
  const int fitting = static_cast<int>(std::min<uint64_t>(bytes / BytesPerWindow(model), 8));
  shape.batch = options.batch > 0 ? options.batch : std::max(1, fitting);
  return shape;
}

}  // namespace verbatim::pipeline
