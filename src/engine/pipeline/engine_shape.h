// Workers, threads and batch for a machine: a pure function of what it has and what the model
// needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "pipeline/transcribe.h"
#include "pipeline/window_queue.h"
#include "whisper/model.h"

namespace verbatim::pipeline {

// Bytes of the audio's keys and values that one window in a batch keeps.
size_t BytesPerWindow(const whisper::ModelShape& shape, nn::AudioFormat format);

// Bytes of what a worker has besides: the encoder's states, the tokens' keys and values, logits,
// weights kept for the alignment. An estimate.
size_t BytesPerWorker(const whisper::ModelShape& shape);

// Address space of a worker without its windows' keys and values, at most. It may never use much of
// it: rows of hypotheses, weights kept for the alignment, stacks of threads.
size_t ReservedBytes(const whisper::ModelShape& shape, size_t alignment_heads,
                     const WorkerShape& worker);

// How many workers, and how many windows each has at a time.
struct EngineSize {
  int workers = 1;
  int batch = 1;
};

// Bytes of an engine: the weights, which all share, and its workers. An estimate; numbers below 0
// are taken as 0.
uint64_t EngineBytes(const whisper::ModelShape& shape, const whisper::Precision& precision,
                     const EngineSize& size);

// A shape with another size, as near as an engine can have it. Threads that nobody set follow: the
// CPUs are shared out. What changes is by rule from then on.
Engine::Shape ResizedShape(Engine::Shape shape, const EngineSize& size, int cpus);

// What a machine has for the engine.
struct Machine {
  int cpus = 1;
  uint64_t memory_free = 0;  // bytes, 0 = unknown
};

// CPUs that an engine may use: a thread for each must find room for its stack where the address
// space has a limit.
int ThreadsFor(int cpus, std::optional<uint64_t> address_space);

// Fills in what the options leave at 0: by their calibration if they leave workers and threads open
// and it fits the machine, else by rules.
// Errors: kInvalidArgument for numbers out of range.
Result<Engine::Shape> ChooseShape(const EngineOptions& options, const whisper::ModelShape& model,
                                  nn::AudioFormat format, const Machine& machine);

}  // namespace verbatim::pipeline
