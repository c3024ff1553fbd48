// What tests of whole calls have in common: an engine of a shape, and what a call told.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "pipeline/transcribe.h"
#include "tests/models.h"
#include "transcript/writers.h"

namespace verbatim::pipeline {

struct TestShape {
  int workers = 1;
  int threads = 1;
  int batch = 1;
};

inline std::unique_ptr<Engine> OpenEngine(const std::string& model, const TestShape& shape) {
  EngineOptions options;
  options.model_directory = *tests::TestModel(model);
  options.workers = shape.workers;
  options.threads = shape.threads;
  options.batch = shape.batch;
  Result<std::unique_ptr<Engine>> engine = Engine::Open(options);
  EXPECT_TRUE(engine) << engine.error().message;
  return engine ? *std::move(engine) : nullptr;
}

inline std::string Json(const transcript::Transcript& transcript) {
  return Render(transcript, transcript::Format::kJson, {}, transcript::WordTimes::kWrite);
}

// Of this process.
inline int ThreadCount() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "Threads:") {
  }
  int count = 0;
  status >> count;
  return count;
}

// What a call told of its files, by their index.
struct Told {
  Result<void> result;
  std::map<size_t, std::string> transcripts;  // as JSON, or the error's message
  std::map<size_t, std::string> heard;        // text of the segments as they came
  std::map<size_t, split::SplitPlan> plans;
  std::map<size_t, std::vector<WindowResult>> windows;
};

// Runs a call, and others' callbacks after its own.
inline Told RunCall(Engine& engine, const std::vector<FileRequest>& files,
                    const TranscribeOptions& options = {}, const TranscribeEvents& others = {},
                    const std::stop_token& stop = {}) {
  Told told;
  TranscribeEvents events;
  events.on_progress = others.on_progress;
  events.on_segment = [&](size_t file, const transcript::Segment& segment) {
    told.heard[file] += segment.text;
    if (others.on_segment) others.on_segment(file, segment);
  };
  events.on_plan = [&](size_t file, const split::SplitPlan& plan) {
    told.plans[file] = plan;
    if (others.on_plan) others.on_plan(file, plan);
  };
  events.on_window = [&](size_t file, const WindowResult& window) {
    told.windows[file].push_back(window);
    if (others.on_window) others.on_window(file, window);
  };
  events.on_file = [&](size_t file, Result<transcript::Transcript> transcript) {
    told.transcripts[file] = transcript ? Json(*transcript) : transcript.error().message;
    if (others.on_file) others.on_file(file, std::move(transcript));
  };
  told.result = engine.Transcribe(files, options, events, stop);
  return told;
}

}  // namespace verbatim::pipeline
