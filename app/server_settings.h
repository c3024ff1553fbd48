// The server's settings from all of their sources.
#pragma once

#include "arguments.h"
#include "base/error.h"
#include "settings/settings.h"

namespace verbatim::app {

// The file that is named, the environment and the flags. Errors: as settings::Load.
Result<settings::Loaded> LoadServerSettings(const ServeArguments& arguments);

}  // namespace verbatim::app
