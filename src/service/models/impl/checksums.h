// The file SHA256SUMS of a model's folder: what was received, in the form that `sha256sum -c`
// reads.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"

namespace verbatim::models {

inline constexpr char kChecksumsFile[] = "SHA256SUMS";

using Checksums = std::map<std::string, std::string>;  // file name -> lower-case hex

// Reads the sums of a folder; without the file there are none. Lines of another form are passed
// over. Errors: kIo, kTooLarge.
Result<Checksums> ReadChecksums(const std::filesystem::path& folder);

// Writes them, atomically. Errors: kOutOfSpace, kIo.
Result<void> WriteChecksums(const std::filesystem::path& folder, const Checksums& checksums);

}  // namespace verbatim::models
