#include "models/models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "models/impl/checksums.h"
#include "models/impl/sha256.h"
#include "models/impl/unknown_model.h"

namespace verbatim::models {
namespace {

namespace fs = std::filesystem;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool IsWhole(const fs::path& folder, const ModelFile& file) {
  std::error_code error;
  const uintmax_t size = fs::file_size(folder / file.name, error);
  return !error && size > 0 && (file.size_bytes == 0 || file.size_bytes == size);
}

Result<void> CompareSum(const fs::path& path, const std::string& wanted) {
  const std::string found = TRY(Sha256OfFile(path, {}));
  if (found == wanted) return {};
  return Fail(ErrorCode::kCorruptModel, fmt::format("{} is damaged: its SHA-256 is {}, not {}",
                                                    path.string(), found, wanted));
}

}  // namespace

Error UnknownModel(std::string_view name) {
  std::vector<std::string_view> names;
  for (const CatalogEntry& entry : Catalog()) names.push_back(entry.name);
  return {ErrorCode::kInvalidArgument,
          fmt::format("unknown model \"{}\"; choose from {}, or give a model's folder", name,
                      fmt::join(names, ", "))};
}

fs::path CacheRoot() {
  if (const std::string cache = Variable("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "verbatim";
  }
  const std::string home = Variable("HOME");
  return fs::path(home.empty() ? "/tmp" : home) / ".cache" / "verbatim";
}

fs::path ModelRoot() {
  if (const std::string folder = Variable("VERBATIM_MODEL_DIR"); !folder.empty()) return folder;
  return CacheRoot() / "models";
}

bool IsInstalled(std::string_view name) {
  const CatalogEntry* entry = FindInCatalog(name);
  if (entry == nullptr) return false;
  const fs::path folder = ModelRoot() / entry->name;
  return std::ranges::all_of(entry->files,
                             [&](const ModelFile& file) { return IsWhole(folder, file); });
}

Result<fs::path> FindModel(std::string_view name_or_directory) {
  if (FindInCatalog(name_or_directory) != nullptr) {
    fs::path folder = ModelRoot() / name_or_directory;
    if (IsInstalled(name_or_directory)) return folder;
    return Fail(ErrorCode::kNotFound,
                fmt::format("model {0} is not installed; get it with: verbatim model pull {0}",
                            name_or_directory));
  }
  std::error_code error;
  fs::path folder(name_or_directory);
  if (!name_or_directory.empty() && fs::is_directory(folder, error)) return folder;
  if (name_or_directory.find('/') == std::string_view::npos) {
    return Failure(UnknownModel(name_or_directory));
  }
  return Fail(ErrorCode::kNotFound, fmt::format("there is no model folder {}", name_or_directory));
}

Result<void> Verify(std::string_view name_or_directory) {
  const CatalogEntry* entry = FindInCatalog(name_or_directory);
  fs::path folder(name_or_directory);
  std::error_code error;
  if (entry != nullptr) {
    folder = ModelRoot() / entry->name;
    if (!fs::is_directory(folder, error)) {
      return Fail(ErrorCode::kNotFound, fmt::format("model {} is not installed", entry->name));
    }
  } else {
    folder = TRY(FindModel(name_or_directory));
  }
  Checksums sums = TRY(ReadChecksums(folder));
  for (const ModelFile& file : entry != nullptr ? entry->files : std::vector<ModelFile>{}) {
    if (!file.sha256.empty()) sums[file.name] = file.sha256;
    if (!fs::exists(folder / file.name, error)) {
      return Fail(ErrorCode::kCorruptModel, (folder / file.name).string() + " is missing");
    }
    if (!sums.contains(file.name)) {
      return Fail(ErrorCode::kNotFound,
                  fmt::format("no SHA-256 was recorded for {}", (folder / file.name).string()));
    }
  }
  if (sums.empty()) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("{} has no {} to compare with", folder.string(), kChecksumsFile));
  }
  for (const auto& [name, sum] : sums) TRY_VOID(CompareSum(folder / name, sum));
  return {};
}

}  // namespace verbatim::models
