#include "inbox/impl/folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace verbatim::inbox {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 30> kEndings = {
    ".mp4",  ".m4v",  ".m4a", ".mov",  ".mkv",  ".webm", ".avi",  ".flv", ".wmv", ".ts",
    ".mts",  ".m2ts", ".mpg", ".mpeg", ".3gp",  ".mp3",  ".flac", ".ogg", ".oga", ".ogv",
    ".opus", ".wav",  ".aac", ".aif",  ".aiff", ".wma",  ".amr",  ".ac3", ".mka", ".caf"};

bool HasSibling(const fs::path& file) {
  std::error_code error;
  for (fs::directory_iterator entry(file.parent_path(), error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& other = entry->path();
    if (other.stem() == file.stem() && other.filename() != file.filename() && IsMediaName(other)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<FileState> StateOf(const fs::path& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  constexpr int64_t kNs = 1'000'000'000;
  return FileState{static_cast<uint64_t>(status.st_size),
                   int64_t{status.st_mtim.tv_sec} * kNs + status.st_mtim.tv_nsec};
}

bool IsMediaName(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

Result<std::map<std::string, FileState>> MediaFiles(const fs::path& folder) {
  std::map<std::string, FileState> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
      continue;
    }
    if (!IsMediaName(path)) continue;
    if (const auto state = StateOf(path)) {
      files.emplace(path.lexically_relative(folder).string(), *state);
    }
  }
  if (error) return Failure(SystemError(error.value(), "looking through " + folder.string()));
  return files;
}

Result<fs::path> ResultStem(const fs::path& folder, const fs::path& output,
                            const std::string& path) {
  const fs::path file = folder / path;
  const fs::path within = output.empty() ? file : output / path;
  std::error_code error;
  fs::create_directories(within.parent_path(), error);
  if (error) return Failure(SystemError(error.value(), "making " + within.parent_path().string()));
  return within.parent_path() / (HasSibling(file) ? file.filename() : file.stem());
}

}  // namespace verbatim::inbox
