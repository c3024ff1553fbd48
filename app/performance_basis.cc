#include "performance_basis.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace verbatim::app {

namespace fs = std::filesystem;

namespace {

std::vector<performance::WorkerPoint> CurveOf(const CalibrationEntry& entry) {
  std::vector<performance::WorkerPoint> curve;
  for (const measure::WorkerPoint& point : entry.curve) {
    curve.push_back({point.workers, point.speed, point.memory_bytes});
  }
  return curve;
}

}  // namespace

performance::ModelBasis MakeModelBasis(const settings::Settings& settings,
                                       const fs::path& model_folder,
                                       const std::optional<CalibrationEntry>& calibration) {
  performance::ModelBasis model;
  model.cost = performance::EstimateCost(performance::ModelFileBytes(model_folder));
  model.cost.threads = static_cast<int>(std::max<int64_t>(settings.threads, 1));
  model.is_calibrated = calibration.has_value();
  if (calibration && settings.threads == 0) {
    model.cost = performance::MeasuredCost(std::move(model.cost), CurveOf(*calibration));
    model.cost.measured_best = calibration->chosen.workers;
    model.cost.threads = calibration->curve.empty() ? calibration->chosen.threads : 1;
  }
  return model;
}

performance::Basis MakeBasis(const settings::Live& live, performance::ModelBasis model) {
  performance::Basis basis;
  basis.settings = &live;
  basis.model->Set(std::move(model));
  if (const char* root = std::getenv("VERBATIM_MACHINE_ROOT")) basis.root = root;
  basis.folder = DataFolder(live.Current()).value_or("");
  return basis;
}

int ChooseWorkers(const performance::Basis& basis, int optimal) {
  const int64_t workers = basis.settings->Current().workers;
  if (workers > 0) return static_cast<int>(workers);
  return optimal == basis.model->Get().cost.measured_best ? 0 : optimal;
}

Result<fs::path> DataFolder(const settings::Settings& settings) {
  if (!settings.data_dir.empty()) return fs::path(settings.data_dir);
  const char* data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home == '/') return fs::path(data_home) / "verbatim";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fs::path(home) / ".local/share/verbatim";
  return Fail(ErrorCode::kInvalidArgument, "there is no home folder; say where with --data-dir");
}

}  // namespace verbatim::app
