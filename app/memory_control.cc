#include "memory_control.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <utility>

#include "models/models.h"
#include "performance/report_json.h"
#include "store/events.h"

namespace verbatim::app {
namespace {

// With less than 200 MB free, windows hold 15 s (split/window_planner.h).
constexpr uint64_t kSmallWindowBytes = 150 << 20;

}  // namespace

jobs::ModelCost EstimateModel(const std::string& model) {
  // A worker's batch takes 40 MB, whatever the model; the usual one has 8 windows.
  constexpr uint64_t kWindow = 5'000'000;
  constexpr uint64_t kBatch = 40'000'000;
  const Result<std::filesystem::path> folder = models::FindModel(model);
  if (!folder) return {};
  const performance::WorkerCost cost =
      performance::EstimateCost(performance::ModelFileBytes(*folder));
  return {cost.shared_bytes, cost.bytes - kBatch, kWindow};
}

performance::LoadedEngines SumOf(jobs::EngineCache& engines) {
  performance::LoadedEngines sum;
  for (const jobs::LoadedModel& model : engines.Loaded()) {
    sum.bytes += model.bytes();
    sum.weights += model.cost.weights;
    if (model.users > 0) ++sum.busy;
  }
  return sum;
}

jobs::MemoryNow ReadMemory(const performance::Basis& basis, const performance::Watch& watch) {
  const performance::Snapshot snapshot = performance::TakeSnapshot(basis, {}, {});
  const performance::PressureLevel level = watch.pressure().level;
  jobs::MemoryNow memory;
  memory.available_bytes = snapshot.resources.memory_available.value;
  memory.held_bytes = snapshot.resources.process_memory.value;
  memory.safety_factor = snapshot.settings.memory_safety_factor;
  memory.is_closed = level >= performance::PressureLevel::kAdmitNone;
  memory.window_bytes = std::max<uint64_t>(memory.available_bytes, 1);
  if (level >= performance::PressureLevel::kSmallWindows) {
    memory.window_bytes = std::min(memory.window_bytes, kSmallWindowBytes);
  }
  return memory;
}

performance::WatchActions ActionsOn(const MemoryParts& parts) {
  performance::WatchActions actions;
  actions.resize = [&engines = parts.engines](const performance::EngineShape& shape) {
    engines.Resize(shape.workers, shape.batch);
  };
  actions.release_idle = [&engines = parts.engines] { return engines.ReleaseIdle(); };
  actions.on_pressure = [parts](const performance::Pressure& pressure) {
    store::Event event;
    event.time_ms = parts.clock.WallMs();
    event.type = "pressure.changed";
    event.data =
        boost::json::serialize(performance::PressureJson(pressure, parts.clock.SteadyMs()));
    const Result<int64_t> told = parts.database.Write(
        [&](store::Connection& connection) { return store::AppendEvent(connection, event); });
    if (!told) parts.log.Warning("pressure.changed is not told: {}", told.error().message);
  };
  return actions;
}

}  // namespace verbatim::app
