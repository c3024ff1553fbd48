#include "backup/restore.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "backup/backup.h"
#include "backup/data_folder.h"
#include "backup/impl/files.h"
#include "store/process_lock.h"
#include "upload/stored_files.h"

namespace verbatim::backup {
namespace {

namespace fs = std::filesystem;

// But for our lock, and for what a restore leaves that is cut off.
Result<bool> IsFree(const fs::path& data) {
  std::error_code error;
  const bool is_half = IsHalfRestored(data);
  for (fs::directory_iterator entry(data, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == kLockName || name == kRestoringName) continue;
    if (is_half && name == kUploadsName) continue;
    return false;
  }
  if (error) return Failure(SystemError(error.value(), "listing " + data.string()));
  return true;
}

Result<void> CopyAll(const fs::path& from, const fs::path& staging, uint64_t total,
                     const Watcher& watcher) {
  TRY_VOID(MakePrivateFolder(staging / kUploadsName));
  Meter meter(watcher, "restoring", total);
  const auto on_bytes = [&](uint64_t count) { return meter.Add(count); };
  const auto copy = [&](const fs::path& name) -> Result<void> {
    std::error_code error;
    const uint64_t size = fs::file_size(from / name, error);
    if (error) return Failure(SystemError(error.value(), "reading " + (from / name).string()));
    return CopyFile(from / name, staging / name, size, on_bytes);
  };
  TRY_VOID(copy(kLedgerName));
  for (const std::string& id : TRY(upload::StoredFiles(from / kUploadsName))) {
    TRY_VOID(copy(fs::path(kUploadsName) / id));
  }
  TRY_VOID(SyncFolder(staging / kUploadsName));
  return SyncFolder(staging);
}

// What root restores into a folder of the service's is for the service.
Result<void> GiveToOwner(const fs::path& data) {
  struct stat status{};
  if (geteuid() != 0 || stat(data.c_str(), &status) != 0) return {};
  std::error_code error;
  for (fs::recursive_directory_iterator entry(data, error), end; !error && entry != end;
       entry.increment(error)) {
    if (lchown(entry->path().c_str(), status.st_uid, status.st_gid) != 0) {
      return Failure(SystemError(errno, "giving away " + entry->path().string()));
    }
  }
  if (error) return Failure(SystemError(error.value(), "listing " + data.string()));
  return {};
}

// The ledger last.
Result<void> PutInPlace(const fs::path& staging, const fs::path& data) {
  TRY_VOID(RemoveAll(data / kUploadsName));
  TRY_VOID(Rename(staging / kUploadsName, data / kUploadsName));
  TRY_VOID(SyncFolder(data));
  TRY_VOID(Rename(staging / kLedgerName, data / kLedgerName));
  TRY_VOID(RemoveAll(staging));
  return SyncFolder(data);
}

}  // namespace

bool IsHalfRestored(const fs::path& data) {
  std::error_code error;
  return fs::exists(data / kRestoringName, error) && !fs::exists(data / kLedgerName, error);
}

bool HasLostLedger(const fs::path& data) {
  const auto is_empty = [](const fs::path& path) {
    std::error_code error;
    const uint64_t size = fs::file_size(path, error);
    return error || size == 0;
  };
  const fs::path ledger = data / kLedgerName;
  // A log has the whole of what is not in the file yet.
  if (!is_empty(ledger) || !is_empty(fmt::format("{}-wal", ledger.string()))) return false;
  const Result<std::vector<std::string>> files = upload::StoredFiles(data / kUploadsName);
  return files && !files->empty();
}

Result<Verified> Restore(const fs::path& from, const fs::path& data, Damage damage,
                         const Watcher& watcher) {
  if (!IsBackup(from)) {
    return Fail(ErrorCode::kNotFound, from.string() + " is no backup (verbatim backup makes one)");
  }
  TRY_VOID(MakePrivateFolder(data));
  const store::ProcessLock lock = TRY(store::ProcessLock::Take(data / kLockName));
  if (!TRY(IsFree(data))) {
    return Fail(ErrorCode::kConflict,
                data.string() + " is not empty: name a new folder, or move away what is there");
  }
  Verified verified = TRY(Verify(from, watcher));
  if (!verified.is_ledger_sound) return verified;
  if (!verified.findings.empty() && damage == Damage::kRefuse) return verified;
  const fs::path staging = data / kRestoringName;
  TRY_VOID(RemoveAll(staging));
  TRY_VOID(CopyAll(from, staging, verified.file_bytes, watcher));
  TRY_VOID(GiveToOwner(data));
  TRY_VOID(PutInPlace(staging, data));
  return verified;
}

}  // namespace verbatim::backup
