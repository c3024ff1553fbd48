// SHA-256 of files.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "base/error.h"

namespace verbatim::models {

// Lower-case hex of a file's SHA-256. Errors: kNotFound, kIo, kCancelled.
Result<std::string> Sha256OfFile(const std::filesystem::path& path, const std::stop_token& stop);

}  // namespace verbatim::models
