#include "backup_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backup/backup.h"
#include "backup/restore.h"
#include "backup/verify.h"
#include "performance_basis.h"
#include "report.h"
#include "server_settings.h"
#include "text.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;

ExitCode ExitWith(const Error& error) {
  Complain(error.message);
  return ExitCodeOf(error.code, Stage::kFile);
}

Result<fs::path> FolderOf(const BackupArguments& arguments) {
  const settings::Loaded loaded = TRY(LoadServerSettings(arguments.serve));
  return DataFolder(loaded.settings);
}

// Draws how far the work is, for the length of a scope.
class ShownWork {
 public:
  explicit ShownWork(const std::stop_token& stop) : reporter_(MakeReporter({})) {
    watcher_.stop = stop;
    watcher_.on_progress = [this](std::string_view doing, uint64_t done, uint64_t total) {
      reporter_->OnBytes(std::string(doing), done, total);
    };
  }
  ~ShownWork() { reporter_->OnEnd({}); }
  ShownWork(const ShownWork&) = delete;
  ShownWork& operator=(const ShownWork&) = delete;

  const backup::Watcher& watcher() const { return watcher_; }

 private:
  const std::unique_ptr<Reporter> reporter_;
  backup::Watcher watcher_;
};

std::string Plural(int64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string Contents(int64_t jobs, int64_t transcripts, size_t files, uint64_t bytes) {
  return fmt::format("{}, {}, {} ({})", Plural(jobs, "job"), Plural(transcripts, "transcript"),
                     Plural(static_cast<int64_t>(files), "file"),
                     ByteCount(static_cast<double>(bytes)));
}

void PrintFindings(const std::vector<std::string>& findings) {
  for (const std::string& finding : findings) fmt::print("{}\n", ForTerminal(finding));
}

std::string Summary(const backup::Verified& verified) {
  return Contents(verified.jobs, verified.transcripts, verified.files, verified.file_bytes);
}

}  // namespace

ExitCode BackUp(const BackupArguments& arguments, const std::stop_token& stop) {
  const Result<fs::path> data = FolderOf(arguments);
  if (!data) return ExitWith(data.error());
  const auto made = [&] {
    const ShownWork work(stop);
    return backup::BackUp(*data, arguments.folder, work.watcher());
  }();
  if (!made) return ExitWith(made.error());
  for (const std::string& warning : made->warnings) Complain("warning: " + warning);
  fmt::print("{}: {}\n", arguments.folder,
             Contents(made->jobs, made->transcripts, made->files, made->file_bytes));
  if (made->files_taken_over > 0) {
    fmt::print("  {} were in the backup before\n",
               Plural(static_cast<int64_t>(made->files_taken_over), "file"));
  }
  return made->warnings.empty() ? ExitCode::kSuccess : ExitCode::kFileFailed;
}

ExitCode Verify(const BackupArguments& arguments, const std::stop_token& stop) {
  Result<fs::path> folder = arguments.folder;
  if (arguments.folder.empty()) folder = FolderOf(arguments);
  if (!folder) return ExitWith(folder.error());
  const auto verified = [&] {
    const ShownWork work(stop);
    return backup::Verify(*folder, work.watcher());
  }();
  if (!verified) return ExitWith(verified.error());
  PrintFindings(verified->findings);
  if (!verified->findings.empty()) return ExitCode::kFileFailed;
  fmt::print("{}: whole; {}\n", folder->string(), Summary(*verified));
  return ExitCode::kSuccess;
}

ExitCode Restore(const BackupArguments& arguments, const std::stop_token& stop) {
  const Result<fs::path> data = FolderOf(arguments);
  if (!data) return ExitWith(data.error());
  const auto damage =
      arguments.takes_damaged ? backup::Damage::kTakeWhatIsThere : backup::Damage::kRefuse;
  const auto restored = [&] {
    const ShownWork work(stop);
    return backup::Restore(arguments.folder, *data, damage, work.watcher());
  }();
  if (!restored) return ExitWith(restored.error());
  PrintFindings(restored->findings);
  if (!restored->is_ledger_sound) {
    Complain("nothing was restored: the database of the backup is damaged");
    return ExitCode::kFileFailed;
  }
  if (!restored->findings.empty() && !arguments.takes_damaged) {
    Complain("nothing was restored; --despite-findings takes what there is");
    return ExitCode::kFileFailed;
  }
  fmt::print("{}: {}\n", data->string(), Summary(*restored));
  return ExitCode::kSuccess;
}

}  // namespace verbatim::app
