// The folder that is watched: what lies in it, and where results go.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"

namespace verbatim::inbox {

// A file that is the same in both is taken for unchanged.
struct FileState {
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  bool operator==(const FileState&) const = default;
};

// None: there is no such file.
std::optional<FileState> StateOf(const std::filesystem::path& path);

// Whether a name ends like one of a video or of sound.
bool IsMediaName(const std::filesystem::path& path);

// Media files by their path within the folder and the folders in it. Hidden ones and links are
// passed over. Errors: kNotFound, kIo.
Result<std::map<std::string, FileState>> MediaFiles(const std::filesystem::path& folder);

// The path of a file's results, but for their endings: beside it, or at the same place in `output`,
// which is made. talk.mp4 becomes talk; where two files would meet in a name, as talk.mp4 and
// talk.mkv, both keep their endings. Errors: kIo, kOutOfSpace.
Result<std::filesystem::path> ResultStem(const std::filesystem::path& folder,
                                         const std::filesystem::path& output,
                                         const std::string& path);

}  // namespace verbatim::inbox
