// Workers, threads and batch for a machine: a pure function of what it has and what the model
// needs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "pipeline/transcribe.h"
#include "whisper/model.h"

namespace verbatim::pipeline {

// Bytes of the audio's keys and values that one window in a batch keeps.
size_t BytesPerWindow(const whisper::ModelShape& shape);

// Fills in what the options leave at 0. `memory_free`: bytes, 0 = unknown.
// Errors: kInvalidArgument for numbers out of range.
Result<Engine::Shape> ChooseShape(const EngineOptions& options, const whisper::ModelShape& model,
                                  int cpus, uint64_t memory_free);

}  // namespace verbatim::pipeline
