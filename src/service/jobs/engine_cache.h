// Loaded models. One engine per model, made on first use, shared by all jobs that want it, dropped
// when it has been idle and another model, or the machine, needs the memory. All have as many
// workers and windows at a time as the machine can do with now.
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

// What a model takes in memory. Unit: bytes.
struct ModelCost {
  uint64_t weights = 0;
  uint64_t worker = 0;  // each, without its windows
  uint64_t window = 0;  // each of a worker's batch

  uint64_t Bytes(int workers, int batch) const {
    return weights +
           static_cast<uint64_t>(workers) * (worker + window * static_cast<uint64_t>(batch));
  }
};

struct EngineCacheOptions {
  pipeline::EngineOptions engine;  // without model and calibration
  // What was measured with the model in a folder; none: nothing.
  std::function<std::optional<pipeline::Calibration>(const std::filesystem::path&)> calibration;
  std::function<int()> workers;  // asked whenever one is loaded; none: engine.workers
  size_t loaded_max = 2;         // models in memory at the same time
  // What a model that was never loaded takes; none: nothing is known.
  std::function<ModelCost(const std::string& model)> estimate;
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

// A model in memory, or on its way there.
struct LoadedModel {
  std::string name;
  bool is_loaded = false;
  ModelCost cost;
  int workers = 0;  // of it, as it is or would be at work
  int batch = 0;    // windows of each
  int busy_workers = 0;
  int users = 0;        // jobs that have it
  int64_t idle_ms = 0;  // for which nobody has had it

  // What it takes now: idle, its workers are gone.
  uint64_t bytes() const { return users > 0 ? cost.Bytes(workers, batch) : cost.weights; }
};

// Thread: any.
class EngineCache {
 public:
  // Loads nothing yet.
  static std::unique_ptr<EngineCache> Make(EngineCacheOptions options, Log& log);
  virtual ~EngineCache() = default;

  // Waits while another thread loads the same model. Who has the engine uses it; the cache outlives
  // it.
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

  // From now on every model, loaded now or later, has so many workers with batches of so many
  // windows. 0: as chosen when it was loaded.
  virtual void Resize(int workers, int batch) = 0;

  // Drops models that nobody has, but for one, if it is named. Returns those dropped.
  virtual std::vector<std::string> ReleaseIdle(const std::string& but = "") = 0;

  // What is in memory now. Waits for nothing.
  virtual std::vector<LoadedModel> Loaded() = 0;

  // One of them, or what a model would be if it were loaded now.
  virtual LoadedModel Describe(const std::string& model) = 0;
};

}  // namespace verbatim::jobs
