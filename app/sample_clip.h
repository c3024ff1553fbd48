// The clip that `verbatim demo` transcribes.
#pragma once

#include <filesystem>

#include "base/error.h"

namespace verbatim::app {

// Looks beside the installed program (../share/verbatim), then in the source tree it was built
// from. Errors: kNotFound.
Result<std::filesystem::path> FindSampleClip();

}  // namespace verbatim::app
