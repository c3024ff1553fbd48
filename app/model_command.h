// Models for the other commands, and `verbatim model list / pull / verify`.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "exit_code.h"
#include "report.h"

namespace verbatim::app {

// The folder of a model, which is fetched first if it is one of the catalogue and not installed.
// Errors: as models::FindModel and models::Pull.
Result<std::filesystem::path> EnsureModel(const std::string& name_or_directory, Reporter& reporter,
                                          const std::stop_token& stop);

// Each prints to standard output what it found or did.
ExitCode ListModels();
ExitCode PullModels(const std::vector<std::string>& names, const std::stop_token& stop);
ExitCode VerifyModels(const std::vector<std::string>& names);  // none: all that are installed

}  // namespace verbatim::app
