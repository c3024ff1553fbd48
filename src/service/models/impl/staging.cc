#include "models/impl/staging.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "models/impl/sha256.h"

namespace verbatim::models {
namespace {

namespace fs = std::filesystem;

Failure SystemFailure(const std::error_code& error, const std::string& doing) {
  return Failure(SystemError(error.value(), doing));
}

void SyncFolder(const fs::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

Staging::Staging(fs::path root, const CatalogEntry& entry)
    : root_(std::move(root)), folder_(root_ / ("." + entry.name + ".partial")), entry_(&entry) {}

Result<Staging> Staging::Open(const fs::path& root, const CatalogEntry& entry) {
  Staging staging(root, entry);
  std::error_code error;
  fs::create_directories(staging.folder_, error);
  if (error) return SystemFailure(error, "making " + staging.folder_.string());
  staging.checksums_ = TRY(ReadChecksums(staging.folder_));
  return staging;
}

Result<bool> Staging::Has(const ModelFile& file, const std::stop_token& stop) const {
  std::error_code error;
  const auto recorded = checksums_.find(file.name);
  if (recorded == checksums_.end() || !fs::exists(folder_ / file.name, error)) return false;
  if (!file.sha256.empty() && recorded->second != file.sha256) return false;
  return TRY(Sha256OfFile(folder_ / file.name, stop)) == recorded->second;
}

Result<void> Staging::Accept(const ModelFile& file, const fs::path& received,
                             const std::string& stated, const std::stop_token& stop) {
  const std::string found = TRY(Sha256OfFile(received, stop));
  const std::string& wanted = file.sha256.empty() ? stated : file.sha256;
  std::error_code error;
  if (!wanted.empty() && found != wanted) {
    fs::remove(received, error);
    return Fail(ErrorCode::kCorruptModel,
                fmt::format("{} is not the file it should be: its SHA-256 is {}, not {}", file.name,
                            found, wanted));
  }
  fs::rename(received, folder_ / file.name, error);
  if (error) return SystemFailure(error, "renaming " + received.string());
  checksums_[file.name] = found;
  return WriteChecksums(folder_, checksums_);
}

Result<fs::path> Staging::Publish() {
  std::error_code error;
  for (const fs::directory_entry& item : fs::directory_iterator(folder_, error)) {
    const std::string name = item.path().filename();
    const bool is_wanted =
        name == kChecksumsFile || std::ranges::count(entry_->files, name, &ModelFile::name) > 0;
    std::error_code ignored;
    if (!is_wanted) fs::remove_all(item.path(), ignored);
  }
  if (error) return SystemFailure(error, "reading " + folder_.string());
  SyncFolder(folder_);
  fs::path final_folder = root_ / entry_->name;
  const fs::path old_folder = root_ / ("." + entry_->name + ".old");
  fs::remove_all(old_folder, error);
  fs::rename(final_folder, old_folder, error);  // fails where there is none: nothing to move aside
  fs::rename(folder_, final_folder, error);
  if (error) return SystemFailure(error, "renaming " + folder_.string());
  SyncFolder(root_);
  fs::remove_all(old_folder, error);
  return final_folder;
}

}  // namespace verbatim::models
