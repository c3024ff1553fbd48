// Files and folders as backups need them: copied without reading them where the file system can,
// and on disk before they get their names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/error.h"

namespace verbatim::backup {

// Makes a folder, with those above it, for its owner alone. Errors: kIo, kOutOfSpace.
Result<void> MakePrivateFolder(const std::filesystem::path& folder);

// Whether nothing is in it; also if there is no such folder. Errors: kIo, also if it is no folder.
Result<bool> IsEmptyFolder(const std::filesystem::path& folder);

// Copies the bytes up to `size` that the copy does not have yet, and puts them on disk; the copy is
// made if it is missing, and cut off at `size`. `on_bytes`: told of each piece; false: stop.
// Errors: kNotFound if there is no such file; kCorruptMedia if it has fewer bytes; kCancelled;
// kOutOfSpace; kIo.
Result<void> CopyFile(const std::filesystem::path& from, const std::filesystem::path& to,
                      uint64_t size, const std::function<bool(uint64_t)>& on_bytes);

// Puts the names in a folder on disk. Errors: kIo.
Result<void> SyncFolder(const std::filesystem::path& folder);

// Errors: kIo, kConflict.
Result<void> Rename(const std::filesystem::path& from, const std::filesystem::path& to);

// With all that is in it; none is no error. Errors: kIo.
Result<void> RemoveAll(const std::filesystem::path& path);

}  // namespace verbatim::backup
