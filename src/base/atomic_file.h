// Writes a whole file or nothing: the bytes go to a temporary file in the same folder, reach the
// disk, and take the final name in one rename. A crash, a full disk or Ctrl-C leaves the old file,
// or none, never half of one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace verbatim {

// Errors: kNotFound, kOutOfSpace, kIo with the system's reason; the temporary file is removed.
// Thread: any; two writers of one name leave one whole file.
Result<void> WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

// Reads a whole file of at most `size_max` bytes.
// Errors: kNotFound, kIo, kTooLarge.
Result<std::string> ReadFile(const std::filesystem::path& path, uint64_t size_max);

}  // namespace verbatim
