// `verbatim bench`: runs the whole path over some files and shows where the time went.
#pragma once

#include <stop_token>

#include "arguments.h"
#include "exit_code.h"

namespace verbatim::app {

ExitCode Bench(const BenchArguments& arguments, const std::stop_token& stop);

}  // namespace verbatim::app
