// Loaded models. One engine per model, made on first use, shared by all jobs that want it, dropped
// when it has been idle and another model needs the memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "pipeline/transcribe.h"

namespace verbatim::jobs {

struct EngineCacheOptions {
  pipeline::EngineOptions engine;  // without model and calibration
  // What was measured with the model in a folder; none: nothing.
  std::function<std::optional<pipeline::Calibration>(const std::filesystem::path&)> calibration;
  std::function<int()> workers;  // asked whenever one is loaded; none: engine.workers
  size_t loaded_max = 2;         // models in memory at the same time
  // Tests put a fake in its place. None: pipeline::Engine::Open on an installed model.
  std::function<Result<std::unique_ptr<pipeline::Engine>>(const std::string& model)> open;
};

struct ModelInfo {
  std::string name;
  bool is_loaded = false;
  int64_t created_s = 0;  // when its files were installed; seconds since 1970
};

// What loaded engines do, all together.
struct EngineUse {
  int workers = 0;
  int busy = 0;  // of these
  // Where the time of all runs so far went, those of models that were unloaded included.
  profile::StageMeter::Totals stages = {};
};

// Thread: any.
class EngineCache {
 public:
  // Loads nothing yet.
  static std::unique_ptr<EngineCache> Make(EngineCacheOptions options, Log& log);
  virtual ~EngineCache() = default;

  // Waits while another thread loads the same model.
  // Errors: kNotFound (not installed; the message says how to get it), kInvalidArgument (no such
  // model), kCorruptModel.
  virtual Result<std::shared_ptr<pipeline::Engine>> Get(const std::string& model) = 0;

  // Whether a job may name it, without loading it. Errors: as Get.
  virtual Result<void> Check(const std::string& model) = 0;

  // How many models stay in memory. Idle ones beyond it are dropped at once.
  virtual void SetLoadedMax(size_t count) = 0;

  // Models that are installed.
  virtual std::vector<ModelInfo> Installed() = 0;

  // As it is now; waits for nothing.
  virtual EngineUse use() = 0;
};

}  // namespace verbatim::jobs
