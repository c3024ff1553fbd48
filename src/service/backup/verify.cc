#include "backup/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "backup/data_folder.h"
#include "store/inspection.h"
#include "upload/stored_files.h"

namespace verbatim::backup {
namespace {

namespace fs = std::filesystem;
using store::Inspection;
using store::Upload;
using store::UploadState;
using upload::HasFile;

constexpr std::string_view kOrphan =
    "is named by no upload; the server removes it at its next start";
constexpr int kOrphanLooks = 6;
constexpr std::chrono::milliseconds kOrphanPause{400};

// Ids, and what is wrong with their files.
using Problems = std::map<std::string, std::string>;

// A joined part is checked with the whole that it belongs to.
bool IsChecked(const Upload& upload) {
  return upload.state != UploadState::kJoined && upload.released_ms == 0;
}

// The files that the ledger means to have.
std::set<std::string> NamedFiles(const std::vector<Upload>& uploads) {
  std::set<std::string> named;
  for (const Upload& upload : uploads) {
    if (HasFile(upload)) named.insert(upload.id);
  }
  return named;
}

Result<std::vector<std::string>> FilesIn(const fs::path& folder) {
  Result<std::vector<std::string>> files = upload::StoredFiles(folder);
  if (!files && files.error().code == ErrorCode::kNotFound) return std::vector<std::string>();
  return files;
}

Result<Problems> CheckFiles(const fs::path& folder, const std::vector<Upload>& uploads,
                            const Watcher& watcher, Verified& verified) {
  Problems problems;
  uint64_t total = 0;
  for (const Upload& upload : uploads) {
    if (HasFile(upload)) ++verified.files;
    if (HasFile(upload)) verified.file_bytes += upload.offset;
    if (IsChecked(upload) && upload.state == UploadState::kComplete) total += upload.offset;
  }
  Meter meter(watcher, "checking files", total);
  for (const Upload& upload : uploads) {
    if (!IsChecked(upload)) continue;
    const std::string problem =
        TRY(upload::FileProblem(folder, upload, [&](uint64_t count) { return meter.Add(count); }));
    if (!problem.empty()) problems[upload.id] = fmt::format("({}) {}", upload.filename, problem);
  }
  return problems;
}

Result<std::set<std::string>> IdsNow(const fs::path& folder) {
  const auto now = TRY(Inspection::Open(folder / kLedgerName));
  const std::vector<Upload> uploads = TRY(now->Uploads());
  std::set<std::string> ids;
  for (const Upload& upload : uploads) {
    if (upload.released_ms == 0) ids.insert(upload.id);
  }
  return ids;
}

// Beside a server that runs, what seemed wrong may have been deleted, or named, since; a file has
// its name in the ledger a moment later, and loses it a moment earlier.
Result<void> NoteLasting(const fs::path& folder, const Problems& problems,
                         std::vector<std::string> orphans, const Watcher& watcher,
                         Verified& verified) {
  if (problems.empty() && orphans.empty()) return {};
  std::set<std::string> ids = TRY(IdsNow(folder));
  const auto is_well = [&](const std::string& id) {
    std::error_code error;
    return ids.contains(id) || !fs::exists(folder / kUploadsName / id, error);
  };
  std::erase_if(orphans, is_well);
  for (int looks = 1; looks < kOrphanLooks && !orphans.empty(); ++looks) {
    if (watcher.stop.stop_requested()) break;
    std::this_thread::sleep_for(kOrphanPause);
    ids = TRY(IdsNow(folder));
    std::erase_if(orphans, is_well);
  }
  for (const auto& [id, problem] : problems) {
    if (!ids.contains(id)) continue;
    verified.findings.push_back(fmt::format("the file of upload {} {}", id, problem));
  }
  for (const std::string& id : orphans) {
    const fs::path file = folder / kUploadsName / id;
    verified.findings.push_back(fmt::format("the file {} {}", file.string(), kOrphan));
  }
  return {};
}

// A ledger in which nothing can be trusted names no files.
Result<void> CheckAll(Inspection& inspection, const fs::path& folder,
                      const std::vector<std::string>& stored, const Watcher& watcher,
                      Verified& verified) {
  verified.version = inspection.version();
  Meter(watcher, "checking the database", 0).Add(0);
  verified.findings = TRY(inspection.Findings([&] { return watcher.stop.stop_requested(); }));
  verified.is_ledger_sound = verified.findings.empty();
  const store::LedgerCounts counts = TRY(inspection.Counts());
  verified.jobs = counts.jobs;
  verified.transcripts = counts.transcripts;
  const std::vector<Upload> uploads = TRY(inspection.Uploads());
  for (const Upload& upload : uploads) TRY_VOID(upload::CheckNames(upload));
  const Problems problems = TRY(CheckFiles(folder / kUploadsName, uploads, watcher, verified));
  const std::set<std::string> named = NamedFiles(uploads);
  std::vector<std::string> orphans = stored;
  std::erase_if(orphans, [&](const std::string& id) { return named.contains(id); });
  return NoteLasting(folder, problems, std::move(orphans), watcher, verified);
}

}  // namespace

Result<Verified> Verify(const fs::path& folder, const Watcher& watcher) {
  Verified verified;
  // Before the ledger is read: a file that comes later is no orphan.
  const std::vector<std::string> stored = TRY(FilesIn(folder / kUploadsName));
  const Result<std::unique_ptr<Inspection>> inspection = Inspection::Open(folder / kLedgerName);
  Result<void> checked;
  if (inspection) {
    checked = CheckAll(**inspection, folder, stored, watcher, verified);
  } else {
    checked = Failure(inspection.error());
  }
  if (checked) return verified;
  // What SQLite calls damaged is a finding, wherever it stopped us.
  if (checked.error().code != ErrorCode::kCorruptDatabase) {
    return Failure(std::move(checked).error());
  }
  verified.is_ledger_sound = false;
  if (verified.findings.empty()) verified.findings.push_back(checked.error().message);
  return verified;
}

}  // namespace verbatim::backup
