// What the server and `verbatim performance` know of workers before anything runs.
#pragma once

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "calibration_file.h"
#include "performance/basis.h"
#include "settings/live.h"

namespace verbatim::app {

// What is known of the model in a folder, which may be empty: then its size is not known.
performance::ModelBasis MakeModelBasis(const settings::Settings& settings,
                                       const std::filesystem::path& model_folder,
                                       const std::optional<CalibrationEntry>& calibration);

// `settings` outlives it. VERBATIM_MACHINE_ROOT names a folder whose proc and sys tell of the
// machine, in place of "/".
performance::Basis MakeBasis(const settings::Live& settings, performance::ModelBasis model);

// Workers for the engine where the settings leave them open. 0: what was measured, or what the
// threads that are set leave room for.
int ChooseWorkers(const performance::Basis& basis, int optimal);

// $XDG_DATA_HOME/verbatim, else ~/.local/share/verbatim, unless the settings name a folder.
// Errors: kInvalidArgument: there is no home folder.
Result<std::filesystem::path> DataFolder(const settings::Settings& settings);

}  // namespace verbatim::app
