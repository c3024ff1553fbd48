// What is known of a program and its settings, and what is read of the machine, put together into
// one snapshot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/latest.h"
#include "performance/recommendations.h"
#include "settings/live.h"

namespace verbatim::performance {

// What is known of the model that the settings name.
struct ModelBasis {
  WorkerCost cost = {};
  bool is_calibrated = false;  // it was measured on this machine
};

// Copies share what is known of the model.
struct Basis {
  const settings::Live* settings = nullptr;  // never null; outlives it
  std::shared_ptr<Latest<ModelBasis>> model = std::make_shared<Latest<ModelBasis>>(ModelBasis{});
  std::filesystem::path folder = {};  // where files are kept; empty: its disk is not asked for
  std::filesystem::path root = "/";
  std::function<LoadedEngines()> engines = {};  // empty: there are none
};

// Everything as it is now. Thread: any.
Snapshot TakeSnapshot(const Basis& basis, const Queue& queue, const Recent& recent);

// The size of the file that holds a model's weights; 0 if it cannot be read. With EstimateCost it
// tells what workers cost.
uint64_t ModelFileBytes(const std::filesystem::path& model_folder);

}  // namespace verbatim::performance
