#include "jobs/engine_cache.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "models/models.h"

namespace verbatim::jobs {
namespace {

namespace fs = std::filesystem;

// An operator may configure a model by its folder; clients' names have no slash (job_options.cc).
bool IsFolder(const std::string& model) { return model.find('/') != std::string::npos; }

int64_t InstalledAt(const std::string& model) {
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(models::ModelRoot() / model, error);
  if (error) return 0;
  const auto system = std::chrono::file_clock::to_sys(time);
  return std::chrono::duration_cast<std::chrono::seconds>(system.time_since_epoch()).count();
}

void AddTotals(const profile::StageMeter::Totals& more, profile::StageMeter::Totals& sum) {
  for (size_t i = 0; i < sum.size(); ++i) {
    sum[i].calls += more[i].calls;
    sum[i].nanoseconds += more[i].nanoseconds;
    sum[i].work = sum[i].work + more[i].work;
  }
}

class SharedEngines final : public EngineCache {
 public:
  SharedEngines(EngineCacheOptions options, Log& log)
      : options_(std::move(options)), log_(log), loaded_max_(options_.loaded_max) {}

  Result<std::shared_ptr<pipeline::Engine>> Get(const std::string& model) override {
    std::vector<std::shared_ptr<pipeline::Engine>> idle;  // destroyed without the mutex
    {
      MutexLock lock(mutex_);
      for (auto entry = engines_.find(model); entry != engines_.end();
           entry = engines_.find(model)) {
        if (entry->second.engine != nullptr) {
          entry->second.used = ++uses_;
          return entry->second.engine;
        }
        loaded_.wait(mutex_);
      }
      idle = TakeIdle(1);
      engines_[model];  // being loaded
    }
    idle.clear();
    Result<std::unique_ptr<pipeline::Engine>> opened = Open(model);
    MutexLock lock(mutex_);
    loaded_.notify_all();
    if (!opened) {
      engines_.erase(model);
      return Failure(std::move(opened).error());
    }
    Entry& entry = engines_[model];
    entry.engine = std::move(*opened);
    entry.used = ++uses_;
    return entry.engine;
  }

  Result<void> Check(const std::string& model) override {
    {
      MutexLock lock(mutex_);
      const auto entry = engines_.find(model);
      if (entry != engines_.end() && entry->second.engine != nullptr) return {};
    }
    if (options_.open && models::FindInCatalog(model) != nullptr) return {};
    if (!IsFolder(model) && models::FindInCatalog(model) == nullptr) return UnknownModel(model);
    TRY(models::FindModel(model));
    return {};
  }

  void SetLoadedMax(size_t count) override {
    std::vector<std::shared_ptr<pipeline::Engine>> idle;  // destroyed without the mutex
    const MutexLock lock(mutex_);
    loaded_max_ = count;
    idle = TakeIdle(0);
  }

  std::vector<ModelInfo> Installed() override {
    std::vector<ModelInfo> found;
    for (const models::CatalogEntry& entry : models::Catalog()) {
      if (!options_.open && !models::IsInstalled(entry.name)) continue;
      found.push_back({entry.name, false, InstalledAt(entry.name)});
    }
    MutexLock lock(mutex_);
    for (ModelInfo& info : found) {
      const auto entry = engines_.find(info.name);
      info.is_loaded = entry != engines_.end() && entry->second.engine != nullptr;
    }
    return found;
  }

  EngineUse use() override {
    MutexLock lock(mutex_);
    EngineUse use{0, 0, unloaded_stages_};
    for (const auto& [model, entry] : engines_) {
      if (entry.engine == nullptr) continue;
      use.workers += entry.engine->shape().workers;
      use.busy += entry.engine->busy_workers();
      AddTotals(entry.engine->stage_totals(), use.stages);
    }
    return use;
  }

 private:
  struct Entry {
    std::shared_ptr<pipeline::Engine> engine;  // null while it is loaded
    uint64_t used = 0;                         // the newest has the highest number
  };

  // Those that give way, the longest unused first, so that as many more may be loaded.
  std::vector<std::shared_ptr<pipeline::Engine>> TakeIdle(size_t more) REQUIRES(mutex_) {
    std::vector<std::shared_ptr<pipeline::Engine>> idle;
    while (engines_.size() + more > std::max<size_t>(loaded_max_, 1)) {
      auto oldest = engines_.end();
      for (auto entry = engines_.begin(); entry != engines_.end(); ++entry) {
        // Copies are only made under the mutex or from another copy, so one owner means idle.
        if (entry->second.engine.use_count() != 1) continue;
        if (oldest == engines_.end() || entry->second.used < oldest->second.used) oldest = entry;
      }
      if (oldest == engines_.end()) break;
      log_.Info("model {} is unloaded to make room", oldest->first);
      AddTotals(oldest->second.engine->stage_totals(), unloaded_stages_);
      idle.push_back(std::move(oldest->second.engine));
      engines_.erase(oldest);
    }
    return idle;
  }

  Result<std::unique_ptr<pipeline::Engine>> Open(const std::string& model) {
    if (options_.open) return options_.open(model);
    TRY_VOID(Check(model));
    pipeline::EngineOptions options = options_.engine;
    options.model_directory = TRY(models::FindModel(model));
    options.model_name = IsFolder(model) ? "" : model;
    if (options_.calibration) options.calibration = options_.calibration(options.model_directory);
    if (options_.workers) options.workers = options_.workers();
    std::unique_ptr<pipeline::Engine> engine = TRY(pipeline::Engine::Open(options));
    const pipeline::Engine::Shape shape = engine->shape();
    log_.Info("model {} is loaded: {} workers of {} threads, {} windows each", model, shape.workers,
              shape.threads, shape.batch);
    return engine;
  }

  static Failure UnknownModel(const std::string& model) {
    std::string names;
    for (const models::CatalogEntry& entry : models::Catalog()) {
      names += (names.empty() ? "" : ", ") + entry.name;
    }
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no model \"{}\"; choose from: {}", model, names));
  }

  const EngineCacheOptions options_;
  Log& log_;
  Mutex mutex_;
  ConditionVariable loaded_;
  std::map<std::string, Entry> engines_ GUARDED_BY(mutex_);
  uint64_t uses_ GUARDED_BY(mutex_) = 0;
  profile::StageMeter::Totals unloaded_stages_ GUARDED_BY(mutex_) = {};
  size_t loaded_max_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<EngineCache> EngineCache::Make(EngineCacheOptions options, Log& log) {
  return std::make_unique<SharedEngines>(std::move(options), log);
}

}  // namespace verbatim::jobs
