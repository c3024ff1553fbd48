// `verbatim serve`: the service over HTTP until it is told to end.
#pragma once

#include <stop_token>

#include "arguments.h"
#include "exit_code.h"
#include "media_sandbox.h"

namespace verbatim::app {

// Says on standard error where it serves once it is ready: one line, `verbatim: serving at URL`.
ExitCode Serve(const ServeArguments& arguments, const MediaSandbox& sandbox,
               const std::stop_token& stop);

}  // namespace verbatim::app
