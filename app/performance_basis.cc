#include "performance_basis.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace verbatim::app {

namespace fs = std::filesystem;

performance::Basis MakeBasis(settings::Loaded loaded, const fs::path& model_folder,
                             const std::optional<pipeline::Calibration>& calibration) {
  performance::Basis basis;
  basis.cost = performance::EstimateCost(performance::ModelFileBytes(model_folder));
  basis.cost.threads = static_cast<int>(std::max<int64_t>(loaded.settings.threads, 1));
  basis.is_calibrated = calibration.has_value();
  if (calibration && loaded.settings.threads == 0) {
    basis.cost.measured_best = calibration->workers;
    basis.cost.threads = calibration->threads;
  }
  basis.folder = DataFolder(loaded.settings).value_or("");
  basis.settings = std::move(loaded);
  return basis;
}

int ChooseWorkers(const performance::Basis& basis, int optimal) {
  const settings::Settings& settings = basis.settings.settings;
  if (settings.workers > 0) return static_cast<int>(settings.workers);
  return optimal == basis.cost.measured_best ? 0 : optimal;
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
