// What ties the rooms of the server together where memory is the matter: the watch's decisions act
// on loaded models, and jobs learn what there is for them.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "jobs/engine_cache.h"
#include "jobs/jobs.h"
#include "performance/basis.h"
#include "performance/watch.h"
#include "store/database.h"

namespace verbatim::app {

// What a model that was never loaded takes, from the size of its file; nothing if it is not
// installed.
jobs::ModelCost EstimateModel(const std::string& model);

// What is loaded, those at work with all that they are to have.
performance::LoadedEngines SumOf(jobs::EngineCache& engines);

// What jobs have to do with.
jobs::MemoryNow ReadMemory(const performance::Basis& basis, const performance::Watch& watch);

struct MemoryParts {
  jobs::EngineCache& engines;
  store::Database& database;
  const Clock& clock;
  Log& log;
};

// What the watch does: models are resized and released, and each step is told to those who follow
// the events, as "pressure.changed". The parts outlive them.
performance::WatchActions ActionsOn(const MemoryParts& parts);

}  // namespace verbatim::app
