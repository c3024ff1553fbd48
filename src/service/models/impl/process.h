// Runs a program, without a shell, and waits for it.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"

namespace verbatim::models {

// Runs `arguments` (the first is the program, looked up in PATH); its output and errors go to the
// file `log`. Returns the exit status; 128 plus the signal's number if one ended it.
// Errors: kNotFound (no such program), kIo, kCancelled (the program was ended first).
Result<int> RunProgram(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                       const std::stop_token& stop);

}  // namespace verbatim::models
