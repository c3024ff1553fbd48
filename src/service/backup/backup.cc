#include "backup/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>

#include "backup/data_folder.h"
#include "backup/impl/files.h"
#include "base/atomic_file.h"
#include "base/random_id.h"
#include "store/inspection.h"
#include "store/process_lock.h"
#include "upload/stored_files.h"

namespace verbatim::backup {
namespace {

namespace fs = std::filesystem;
using store::Inspection;
using store::Upload;
using store::UploadState;
using upload::HasFile;

// Each takes a new state of the ledger, because files of the one before were deleted.
constexpr int kRoundsMax = 20;

constexpr std::string_view kMarkerText =
    "A backup of Verbatim's data: verbatim.db (jobs, transcripts, settings) and uploads (files).\n"
    "Check it:   verbatim verify FOLDER\n"
    "Restore it: verbatim restore FOLDER --data-dir NEW\n";

uint64_t BytesOf(const std::vector<Upload>& uploads) {
  uint64_t bytes = 0;
  for (const Upload& upload : uploads) {
    if (HasFile(upload)) bytes += upload.offset;
  }
  return bytes;
}

// The work on one backup, in a folder that nobody sees yet.
class Copy {
 public:
  Copy(const fs::path& data, fs::path staging, fs::path before, const Watcher& watcher)
      : ledger_(data / kLedgerName),
        files_(data / kUploadsName),
        staging_(std::move(staging)),
        before_(std::move(before)),
        watcher_(watcher) {}

  Result<BackupSummary> Make();

 private:
  using Ids = std::set<std::string>;

  // Returns those whose files are not there.
  Result<Ids> CopyFiles(const std::vector<Upload>& uploads);
  Result<void> CopyOne(const Upload& upload, Meter& meter);
  bool TakeOver(const Upload& upload);
  // What came with a state that is not the one that is kept.
  Result<void> RemoveOthers(const std::vector<Upload>& uploads);
  Result<BackupSummary> Finish(Inspection& kept, const std::vector<Upload>& uploads,
                               const Ids& missing);

  const fs::path ledger_;
  const fs::path files_;
  const fs::path staging_;
  const fs::path before_;  // the backup to be replaced; empty: none
  const Watcher& watcher_;
  Ids taken_over_;
};

// Most files are copied first, by a list that may be out of date at once; then a state of the
// ledger is taken, and what differs is set right. A file that is gone by then was deleted, and a
// state after that does not name it, or it is lost, and every state does.
Result<BackupSummary> Copy::Make() {
  TRY_VOID(MakePrivateFolder(staging_ / kUploadsName));
  const fs::path copy = staging_ / kLedgerName;
  const auto source = TRY(Inspection::Open(ledger_));
  const std::vector<Upload> first = TRY(source->Uploads());
  Ids missing = TRY(CopyFiles(first));
  for (int round = 0; round < kRoundsMax; ++round) {
    TRY_VOID(RemoveAll(copy));
    TRY_VOID(source->CopyTo(copy));
    const auto kept = TRY(Inspection::Open(copy));
    const std::vector<Upload> uploads = TRY(kept->Uploads());
    const Ids before = std::move(missing);
    missing = TRY(CopyFiles(uploads));
    const auto was_missing = [&](const std::string& id) { return before.contains(id); };
    if (std::ranges::all_of(missing, was_missing)) return Finish(*kept, uploads, missing);
  }
  return Fail(ErrorCode::kBusy, "uploads are deleted faster than they are copied: try again later");
}

Result<Copy::Ids> Copy::CopyFiles(const std::vector<Upload>& uploads) {
  Ids missing;
  Meter meter(watcher_, "copying files", BytesOf(uploads));
  for (const Upload& upload : uploads) {
    TRY_VOID(upload::CheckNames(upload));
    if (!HasFile(upload)) continue;
    Result<void> copied = CopyOne(upload, meter);
    if (copied) continue;
    const ErrorCode code = copied.error().code;
    if (code != ErrorCode::kNotFound && code != ErrorCode::kCorruptMedia) {
      return Failure(std::move(copied).error());
    }
    missing.insert(upload.id);
  }
  return missing;
}

Result<void> Copy::CopyOne(const Upload& upload, Meter& meter) {
  const fs::path target = staging_ / kUploadsName / upload.id;
  if (taken_over_.contains(upload.id) || TakeOver(upload)) {
    meter.Add(upload.offset);
    return {};
  }
  return CopyFile(files_ / upload.id, target, upload.offset,
                  [&](uint64_t count) { return meter.Add(count); });
}

// A complete upload never changes, so what the backup before has of it is the same.
bool Copy::TakeOver(const Upload& upload) {
  if (before_.empty() || upload.state == UploadState::kReceiving) return false;
  std::error_code error;
  const fs::path file = before_ / kUploadsName / upload.id;
  if (fs::file_size(file, error) != upload.offset || error) return false;
  fs::create_hard_link(file, staging_ / kUploadsName / upload.id, error);
  if (error) return false;
  taken_over_.insert(upload.id);
  return true;
}

Result<void> Copy::RemoveOthers(const std::vector<Upload>& uploads) {
  Ids named;
  for (const Upload& upload : uploads) {
    if (HasFile(upload)) named.insert(upload.id);
  }
  const fs::path folder = staging_ / kUploadsName;
  for (const std::string& id : TRY(upload::StoredFiles(folder))) {
    if (named.contains(id)) continue;
    taken_over_.erase(id);
    TRY_VOID(RemoveAll(folder / id));
  }
  return {};
}

Result<BackupSummary> Copy::Finish(Inspection& kept, const std::vector<Upload>& uploads,
                                   const Ids& missing) {
  TRY_VOID(RemoveOthers(uploads));
  BackupSummary summary;
  const store::LedgerCounts counts = TRY(kept.Counts());
  summary.jobs = counts.jobs;
  summary.transcripts = counts.transcripts;
  summary.files_taken_over = taken_over_.size();
  for (const Upload& upload : uploads) {
    if (!HasFile(upload)) continue;
    if (missing.contains(upload.id)) {
      summary.warnings.push_back(
          fmt::format("the file of upload {} ({}) was lost before: the backup is without it",
                      upload.id, upload.filename));
      TRY_VOID(RemoveAll(staging_ / kUploadsName / upload.id));
      continue;
    }
    ++summary.files;
    summary.file_bytes += upload.offset;
  }
  TRY_VOID(WriteFileAtomically(staging_ / kMarkerName, kMarkerText));
  TRY_VOID(SyncFolder(staging_ / kUploadsName));
  TRY_VOID(SyncFolder(staging_));
  return summary;
}

// Both in one step where the file system can; what was there is then at `from`.
Result<void> Exchange(const fs::path& from, const fs::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) {
    return Failure(SystemError(errno, "renaming " + from.string() + " to " + to.string()));
  }
  const fs::path aside = fmt::format("{}.before", from.string());
  TRY_VOID(Rename(to, aside));
  TRY_VOID(Rename(from, to));
  return Rename(aside, from);
}

}  // namespace

bool IsBackup(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / kMarkerName, error) && fs::exists(folder / kLedgerName, error);
}

Result<BackupSummary> BackUp(const fs::path& data, const fs::path& into, const Watcher& watcher) {
  std::error_code error;
  fs::path target = fs::absolute(into, error).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "backups/"
  const bool replaces = IsBackup(target);
  if (!replaces && !TRY(IsEmptyFolder(target))) {
    return Fail(ErrorCode::kConflict, into.string() +
                                          " holds something that is no backup: name a new "
                                          "folder, or one that a backup was made to");
  }
  const std::string name = target.filename().string();
  const fs::path staging = target.parent_path() / fmt::format(".{}.part", name);
  TRY_VOID(MakePrivateFolder(staging));
  Result<store::ProcessLock> lock = store::ProcessLock::Take(staging / kLockName);
  if (!lock) {
    return Fail(lock.error().code, "another backup to " + into.string() + " is being made");
  }
  // What a try that was cut off has left.
  TRY_VOID(RemoveAll(staging / kUploadsName));
  Result<BackupSummary> made = Copy(data, staging, replaces ? target : fs::path(), watcher).Make();
  if (made) {
    TRY_VOID(RemoveAll(staging / kLockName));
    TRY_VOID(replaces ? Exchange(staging, target) : Rename(staging, target));
    TRY_VOID(SyncFolder(target.parent_path()));
  }
  if (replaces || !made) {
    if (auto removed = RemoveAll(staging); !removed && made) return Failure(removed.error());
  }
  return made;
}

}  // namespace verbatim::backup
