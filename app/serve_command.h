// `verbatim serve`: the service over HTTP until it is told to end.
#pragma once

#include "arguments.h"
#include "exit_code.h"
#include "media_sandbox.h"
#include "signals.h"

namespace verbatim::app {

// Says on standard error where it serves once it is ready: one line, `verbatim: serving at URL`.
// Until a signal tells it to end; SIGHUP has the certificate read again where there is one.
ExitCode Serve(const ServeArguments& arguments, const MediaSandbox& sandbox,
               SignalWatcher& signals);

}  // namespace verbatim::app
