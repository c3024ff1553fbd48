#include "jobs/engine_cache.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/contain.h"
#include "base/mutex.h"
#include "models/models.h"

namespace verbatim::jobs {
namespace {

namespace fs = std::filesystem;

// Of a model that was not loaded yet, about: most have 4 to 8.
constexpr int kUsualBatch = 8;

// An engine's own account is linear.
ModelCost CostOf(const pipeline::Engine& engine) {
  const uint64_t weights = engine.PredictBytes(0, 0);
  const uint64_t worker = engine.PredictBytes(1, 0) - weights;
  return {weights, worker, engine.PredictBytes(1, 1) - weights - worker};
}

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
    Engines idle;  // destroyed without the mutex
    {
      MutexLock lock(mutex_);
      for (auto entry = engines_.find(model); entry != engines_.end();
           entry = engines_.find(model)) {
        if (entry->second.engine != nullptr) return Lend(model, entry->second);
        loaded_.wait(mutex_);
      }
      idle = MakeRoom(1);
      engines_[model];  // being loaded
    }
    idle.clear();
    Result<std::unique_ptr<pipeline::Engine>> opened = Contain([&] { return Open(model); });
    MutexLock lock(mutex_);
    loaded_.notify_all();
    if (!opened) {
      engines_.erase(model);
      return Failure(std::move(opened).error());
    }
    Entry& entry = engines_[model];
    entry.engine = std::move(*opened);
    const pipeline::Engine::Shape shape = entry.engine->shape();
    entry.opened = {shape.workers, shape.batch};
    known_[model] = CostOf(*entry.engine);
    Fit(entry);
    return Lend(model, entry);
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
    idle = MakeRoom(0);
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

  void Resize(int workers, int batch) override {
    MutexLock lock(mutex_);
    wanted_ = {workers, batch};
    for (auto& [model, entry] : engines_) {
      if (entry.engine != nullptr) Fit(entry);
    }
  }

  std::vector<std::string> ReleaseIdle(const std::string& but) override {
    Engines idle;  // destroyed without the mutex
    std::vector<std::string> names;
    MutexLock lock(mutex_);
    for (auto entry = engines_.begin(); entry != engines_.end();) {
      if (entry->first == but || !IsIdle(entry->second)) {
        ++entry;
        continue;
      }
      log_.Info("model {} is unloaded: memory is short", entry->first);
      names.push_back(entry->first);
      idle.push_back(Unload(entry->second));
      entry = engines_.erase(entry);
    }
    return names;
  }

  std::vector<LoadedModel> Loaded() override {
    MutexLock lock(mutex_);
    std::vector<LoadedModel> loaded;
    for (const auto& [model, entry] : engines_) loaded.push_back(Describe(model, &entry));
    return loaded;
  }

  LoadedModel Describe(const std::string& model) override {
    MutexLock lock(mutex_);
    const auto entry = engines_.find(model);
    return Describe(model, entry == engines_.end() ? nullptr : &entry->second);
  }

 private:
  using Engines = std::vector<std::shared_ptr<pipeline::Engine>>;
  struct Size {
    int workers = 0;
    int batch = 0;
  };
  struct Entry {
    std::shared_ptr<pipeline::Engine> engine;  // null while it is loaded
    Size opened;                               // as chosen then
    int users = 0;
    uint64_t used = 0;  // the newest has the highest number
    std::chrono::steady_clock::time_point idle_since;
  };

  static bool IsIdle(const Entry& entry) { return entry.engine != nullptr && entry.users == 0; }

  // Until the last copy of it goes, somebody uses an engine.
  struct Loan {
    Loan(SharedEngines& from, std::string name, std::shared_ptr<pipeline::Engine> lent)
        : lender(from), model(std::move(name)), engine(std::move(lent)) {}
    ~Loan() { lender.TakeBack(model); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    SharedEngines& lender;
    const std::string model;
    const std::shared_ptr<pipeline::Engine> engine;
  };

  std::shared_ptr<pipeline::Engine> Lend(const std::string& model, Entry& entry) REQUIRES(mutex_) {
    const auto loan =
        std::make_shared<Loan>(*this, model, entry.engine);  // may throw: not lent then
    ++entry.users;
    entry.used = ++uses_;
    return {loan, loan->engine.get()};
  }

  void TakeBack(const std::string& model) {
    MutexLock lock(mutex_);
    Entry& entry = engines_[model];
    if (--entry.users == 0) entry.idle_since = std::chrono::steady_clock::now();
  }

  std::shared_ptr<pipeline::Engine> Unload(Entry& entry) REQUIRES(mutex_) {
    AddTotals(entry.engine->stage_totals(), unloaded_stages_);
    return std::move(entry.engine);
  }

  // Those that give way, the longest unused first, so that as many more may be loaded.
  Engines MakeRoom(size_t more) REQUIRES(mutex_) {
    Engines idle;
    while (engines_.size() + more > std::max<size_t>(loaded_max_, 1)) {
      auto oldest = engines_.end();
      for (auto entry = engines_.begin(); entry != engines_.end(); ++entry) {
        if (!IsIdle(entry->second)) continue;
        if (oldest == engines_.end() || entry->second.used < oldest->second.used) oldest = entry;
      }
      if (oldest == engines_.end()) break;
      log_.Info("model {} is unloaded to make room", oldest->first);
      idle.push_back(Unload(oldest->second));
      engines_.erase(oldest);
    }
    return idle;
  }

  Size SizeFor(const Size& opened) const REQUIRES(mutex_) {
    return {wanted_.workers > 0 ? wanted_.workers : opened.workers,
            wanted_.batch > 0 ? wanted_.batch : opened.batch};
  }

  void Fit(Entry& entry) REQUIRES(mutex_) {
    const pipeline::Engine::Shape shape = entry.engine->shape();
    const Size size = SizeFor(entry.opened);
    if (size.workers == shape.workers && size.batch == shape.batch) return;
    entry.engine->Resize(size.workers, size.batch);
  }

  LoadedModel Describe(const std::string& model, const Entry* entry) const REQUIRES(mutex_) {
    LoadedModel loaded;
    loaded.name = model;
    const auto known = known_.find(model);
    if (known != known_.end()) {
      loaded.cost = known->second;
    } else if (options_.estimate) {
      loaded.cost = options_.estimate(model);
    }
    const bool is_there = entry != nullptr && entry->engine != nullptr;
    const Size size = is_there ? SizeFor(entry->opened) : SizeFor({1, kUsualBatch});
    loaded.workers = size.workers;
    loaded.batch = size.batch;
    if (entry == nullptr) return loaded;
    loaded.is_loaded = is_there;
    loaded.users = is_there ? entry->users : 1;
    if (!is_there) return loaded;
    loaded.busy_workers = entry->engine->busy_workers();
    if (entry->users > 0) return loaded;
    loaded.idle_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::steady_clock::now() - entry->idle_since)
                         .count();
    return loaded;
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
  Size wanted_ GUARDED_BY(mutex_);
  std::map<std::string, ModelCost> known_ GUARDED_BY(mutex_);  // of models that were ever loaded
};

}  // namespace

std::unique_ptr<EngineCache> EngineCache::Make(EngineCacheOptions options, Log& log) {
  return std::make_unique<SharedEngines>(std::move(options), log);
}

}  // namespace verbatim::jobs
