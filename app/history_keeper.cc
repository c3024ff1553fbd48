#include "history_keeper.h"

#include <filesystem>
#include <string>
#include <utility>

#include "models/models.h"

namespace verbatim::app {
namespace {

uint64_t ModelBytes(const std::string& model) {
  const Result<std::filesystem::path> folder = models::FindModel(model);
  return folder ? performance::ModelFileBytes(*folder) : 0;
}

}  // namespace

HistoryKeeper::HistoryKeeper(KeeperParts parts, std::unique_ptr<history::Forecaster> forecaster)
    : parts_(std::move(parts)),
      recorder_(parts_.database, parts_.log),
      forecaster_(std::move(forecaster)),
      tuning_(
          {parts_.settings, parts_.database, parts_.log,
           [this] { return parts_.pressure_level() > 0; },
           [this](const store::JobSample& sample) { return forecaster_->BestWorkers(sample); }}) {
  forecaster_->OnEachSample([this](const store::JobSample& sample) { tuning_.OnSample(sample); });
}

Result<std::unique_ptr<HistoryKeeper>> HistoryKeeper::Open(KeeperParts parts) {
  auto forecaster =
      TRY(history::Forecaster::Open({parts.database, parts.clock, parts.log, ModelBytes}));
  std::unique_ptr<HistoryKeeper> keeper(new HistoryKeeper(std::move(parts), std::move(forecaster)));
  keeper->tuning_.Recover();
  return keeper;
}

void HistoryKeeper::Watch(const WatchedParts& watched) {
  history::SamplerParts parts{
      watched.basis,
      watched.jobs,
      watched.engines,
      watched.metrics,
      recorder_,
      parts_.clock,
      [&events = watched.events](std::string values, bool is_idle) {
        events.ShowLive(std::move(values), is_idle);
      },
      [this] { return std::optional<int>(parts_.pressure_level()); },
      [this](const performance::Resources& resources) { forecaster_->OnSecond(resources); }};
  sampler_.emplace(std::move(parts));
}

void HistoryKeeper::Stop() {
  tuning_.Stop();
  recorder_.Flush();
}

}  // namespace verbatim::app
