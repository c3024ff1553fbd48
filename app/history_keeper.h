// The parts of the server that keep its history and learn from it, put together: samples each
// second, what jobs took, predictions, self-tuning.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "api/event_hub.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "history/forecaster.h"
#include "history/recorder.h"
#include "history/sampler.h"
#include "history/tuning.h"
#include "jobs/engine_cache.h"
#include "jobs/jobs.h"
#include "metrics/metrics.h"
#include "performance/basis.h"
#include "settings/live.h"
#include "store/database.h"

namespace verbatim::app {

// What there is before jobs are; outlives the keeper.
struct KeeperParts {
  settings::Live& settings;  // remembered already
  store::Database& database;
  const Clock& clock;
  Log& log;
  std::function<int()> pressure_level;  // how far work is cut back for want of memory; 0: not
};

// What it looks at; outlives the keeper.
struct WatchedParts {
  const performance::Basis& basis;
  jobs::Jobs& jobs;
  jobs::EngineCache& engines;
  metrics::Metrics& metrics;
  api::EventHub& events;
};

class HistoryKeeper {
 public:
  // Takes up what earlier runs have left. Before jobs run. Errors: those of the ledger.
  static Result<std::unique_ptr<HistoryKeeper>> Open(KeeperParts parts);

  // For jobs::JobsOptions.
  jobs::RunEvents run_events() { return forecaster_->Events(); }

  // From now on Tick knows where to look.
  void Watch(const WatchedParts& watched);

  // Called each second, by one thread.
  void Tick() { sampler_->Tick(); }

  // Nothing runs any more: what is in hand is written, what is being tried is taken back.
  void Stop();

  const history::Recorder& recorder() const { return recorder_; }
  const history::Forecaster& forecaster() const { return *forecaster_; }
  const history::Tuning& tuning() const { return tuning_; }

 private:
  HistoryKeeper(KeeperParts parts, std::unique_ptr<history::Forecaster> forecaster);

  const KeeperParts parts_;
  history::Recorder recorder_;
  std::unique_ptr<history::Forecaster> forecaster_;
  history::Tuning tuning_;
  std::optional<history::Sampler> sampler_;
};

}  // namespace verbatim::app
