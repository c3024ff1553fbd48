// Predicts jobs before they run, watches them while they do, and learns from how they ended. What
// it learned is in the ledger and outlives a restart.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "history/predictor.h"
#include "jobs/jobs.h"
#include "performance/resources.h"
#include "store/database.h"

namespace verbatim::history {

// All outlive the forecaster.
struct ForecasterParts {
  store::Database& database;
  const Clock& clock;
  Log& log;
  // The size of a model's file; 0: unknown.
  std::function<uint64_t(const std::string& model)> model_bytes;
};

// A sample that was learned from just now, for who compares settings by it.
using OnLearned = std::function<void(const store::JobSample& sample)>;

// Thread: any.
class Forecaster {
 public:
  // Learns what the ledger has. Errors: those of the ledger.
  static Result<std::unique_ptr<Forecaster>> Open(ForecasterParts parts);

  // What jobs::JobsOptions takes; outlived by the forecaster.
  jobs::RunEvents Events();

  // What was read of the machine, each second.
  void OnSecond(const performance::Resources& resources);

  // Set before jobs run; called without a lock.
  void OnEachSample(OnLearned listener);

  // With the cores there are, the size of the model, and, where `facts` has no workers, what its
  // last run had.
  Prediction Predict(JobFacts facts) const;

  // With how many workers jobs like this one should be fastest; 0: the regression, which alone
  // could tell, is not (yet) better than the rule.
  int BestWorkers(const store::JobSample& sample) const;

  // Of every model that something was learned of, by name.
  std::vector<std::pair<std::string, ModelAccuracy>> accuracies() const;

 private:
  explicit Forecaster(ForecasterParts parts) : parts_(std::move(parts)) {}

  struct Run {
    store::JobSample sample;
    int64_t started_ms = 0;  // steady clock
    bool is_typical = true;  // begun from the start, with the whole file there
  };

  // What a model had when it was used last.
  struct Shape {
    int workers = 0;
    int threads = 1;
    int batch = 0;
    uint64_t engine_bytes = 0;
  };

  void Start(const jobs::RunStart& start);
  void End(const store::Job& job);
  std::optional<store::JobSample> Take(const store::Job& job);
  JobFacts Completed(JobFacts facts) const REQUIRES(mutex_);

  const ForecasterParts parts_;
  mutable Mutex mutex_;
  Predictor predictor_ GUARDED_BY(mutex_);
  std::map<std::string, Run> runs_ GUARDED_BY(mutex_);      // by job
  std::map<std::string, Shape> shapes_ GUARDED_BY(mutex_);  // by model
  performance::Resources resources_ GUARDED_BY(mutex_) = performance::ReadResources({});
  OnLearned listener_;
};

// The ending of a file's name in lower case, without the dot; empty: it has none.
std::string EndingOf(const std::string& filename);

}  // namespace verbatim::history
