// `verbatim backup`, `verify` and `restore`: the server's data folder, copied and checked.
#pragma once

#include <stop_token>

#include "arguments.h"
#include "exit_code.h"

namespace verbatim::app {

// Each prints to standard output what it found or did.
ExitCode BackUp(const BackupArguments& arguments, const std::stop_token& stop);
ExitCode Verify(const BackupArguments& arguments, const std::stop_token& stop);
ExitCode Restore(const BackupArguments& arguments, const std::stop_token& stop);

}  // namespace verbatim::app
