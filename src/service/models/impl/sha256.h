// SHA-256 of bytes and of files.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.h"

namespace verbatim::models {

// Lower-case hex of the SHA-256 of `bytes`.
std::string Sha256(std::string_view bytes);

// Lower-case hex of a file's SHA-256. Errors: kNotFound, kIo, kCancelled.
Result<std::string> Sha256OfFile(const std::filesystem::path& path, const std::stop_token& stop);

}  // namespace verbatim::models
