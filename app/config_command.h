// `verbatim config`: the server's settings, where each value came from, and what is allowed.
#pragma once

#include "arguments.h"
#include "exit_code.h"

namespace verbatim::app {

// Prints every setting with its value, its source and its range; as JSON if asked for.
ExitCode ShowConfig(const ConfigArguments& arguments);

// Says whether all sources are well; names the first mistake.
ExitCode ValidateConfig(const ConfigArguments& arguments);

}  // namespace verbatim::app
