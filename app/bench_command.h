// `verbatim bench`: runs the whole path over some files and shows where the time went.
#pragma once

#include <stop_token>

#include "arguments.h"
#include "exit_code.h"
#include "media_sandbox.h"

namespace verbatim::app {

ExitCode Bench(BenchArguments arguments, const MediaSandbox& sandbox, const std::stop_token& stop);

}  // namespace verbatim::app
