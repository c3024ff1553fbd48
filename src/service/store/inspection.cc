#include "store/inspection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "store/impl/connection.h"
#include "store/impl/schema.h"
#include "store/impl/searchable_text.h"
#include "store/impl/sqlite_error.h"
#include "transcript/writers.h"

namespace verbatim::store {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

// Of each kind; a file with more of them is told no better by more lines.
constexpr size_t kFindingsMax = 20;

// What damage SQLite finds is what was looked for; all else is an error.
Result<void> NoteDamage(Result<void> done, Lines& findings) {
  if (done || done.error().code != ErrorCode::kCorruptDatabase) return done;
  findings.push_back("the database: " + done.error().message);
  return {};
}

Result<void> CheckPages(Connection& connection, Lines& findings) {
  Statement check = TRY(connection.Prepare("SELECT * FROM pragma_integrity_check(20)"));
  while (TRY(check.Step())) {
    const std::string line = check.Text();
    if (line != "ok") findings.push_back("the database: damaged: " + line);
  }
  return {};
}

Result<void> CheckReferences(Connection& connection, Lines& findings) {
  Statement check = TRY(connection.Prepare(
      "SELECT DISTINCT \"table\", \"parent\" FROM pragma_foreign_key_check LIMIT 20"));
  while (TRY(check.Step())) {
    const std::string table = check.Text();
    findings.push_back(fmt::format("the database: rows of {} name rows of {} that are not there",
                                   table, check.Text()));
  }
  return {};
}

// FTS5 checks itself by a statement that writes: it gets a copy of its own, in a file without name.
Result<void> CheckFullText(sqlite3* source, Lines& findings) {
  sqlite3* opened = nullptr;
  int code = sqlite3_open_v2("", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const DatabaseHandle copy(opened);
  if (code != SQLITE_OK) return Failure(SqliteError(opened, code, "making a temporary database"));
  sqlite3_backup* backup = sqlite3_backup_init(opened, "main", source, "main");
  if (backup == nullptr) {
    return Failure(SqliteError(opened, sqlite3_errcode(opened), "copying the database"));
  }
  sqlite3_backup_step(backup, -1);
  code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) return Failure(SqliteError(opened, code, "copying the database"));
  code = sqlite3_exec(
      opened, "INSERT INTO segments_text (segments_text, rank) VALUES ('integrity-check', 1)",
      nullptr, nullptr, nullptr);
  const int primary = code & 0xff;  // SQLITE_ERROR: of what it notes about itself
  if (primary == SQLITE_CORRUPT || primary == SQLITE_ERROR) {
    findings.emplace_back("the search: its index does not fit the texts");
  } else if (code != SQLITE_OK) {
    return Failure(SqliteError(opened, code, "checking the full text"));
  }
  return {};
}

// The segments' texts as they are searched. Of an ephemeral job there are none.
Result<std::vector<std::string>> SearchedTexts(Connection& connection, const std::string& job) {
  std::vector<std::string> texts;
  Statement find =
      TRY(connection.Prepare("SELECT text FROM segments WHERE job = ? ORDER BY number"));
  find.Bind(job);
  while (TRY(find.Step())) texts.push_back(find.Text());
  return texts;
}

Result<std::string> TranscriptProblem(Connection& connection, const std::string& job,
                                      const std::string& json) {
  const Result<transcript::Transcript> transcript = transcript::ReadJson(json);
  if (!transcript) return "can't be read: " + transcript.error().message;
  const std::vector<std::string> searched = TRY(SearchedTexts(connection, job));
  if (searched.empty()) return "";
  std::vector<std::string> texts;
  for (const transcript::Segment& segment : transcript->segments) {
    texts.push_back(SearchableText(segment.text));
  }
  return texts == searched ? "" : "differs from the text that is searched";
}

Result<void> CheckTranscripts(Connection& connection, const std::function<bool()>& is_stopped,
                              Lines& findings) {
  size_t count = 0;
  Statement rows = TRY(connection.Prepare("SELECT job, json FROM transcripts ORDER BY rowid"));
  while (TRY(rows.Step())) {
    if (is_stopped()) return Fail(ErrorCode::kCancelled, "stopped");
    const std::string job = rows.Text();
    const std::string problem = TRY(TranscriptProblem(connection, job, rows.Text()));
    if (problem.empty()) continue;
    findings.push_back(fmt::format("the transcript of job {} {}", job, problem));
    if (++count == kFindingsMax) break;
  }
  return {};
}

Result<void> SyncFile(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Failure(SystemError(errno, "opening " + path.string()));
  const int done = fsync(file);
  const int error_number = errno;
  close(file);
  if (done != 0) return Failure(SystemError(error_number, "putting on disk " + path.string()));
  return {};
}

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

class FileInspection final : public Inspection {
 public:
  FileInspection(std::unique_ptr<Connection> connection, size_t version)
      : connection_(std::move(connection)), version_(version) {}

  size_t version() const override { return version_; }
  Result<std::vector<Upload>> Uploads() override {
    return InTransaction([this] { return UploadsOfAnyVersion(*connection_); });
  }
  Result<LedgerCounts> Counts() override;
  Result<void> CopyTo(const fs::path& path) override;
  Result<Lines> Findings(const std::function<bool()>& is_stopped) override;

 private:
  template <typename Work>
  auto InTransaction(Work work) -> decltype(work()) {
    TRY_VOID(connection_->Begin());
    auto result = work();
    connection_->Rollback();
    return result;
  }
  Result<LedgerCounts> Count();

  const std::unique_ptr<Connection> connection_;
  const size_t version_;
};

Result<LedgerCounts> FileInspection::Counts() {
  return InTransaction([this] { return Count(); });
}

Result<LedgerCounts> FileInspection::Count() {
  Statement count = TRY(connection_->Prepare(
      "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM transcripts)"));
  if (!TRY(count.Step())) return LedgerCounts{};
  LedgerCounts counts;
  counts.jobs = count.Integer();
  counts.transcripts = count.Integer();
  return counts;
}

Result<void> FileInspection::CopyTo(const fs::path& path) {
  std::error_code error;
  const std::string target = fs::absolute(path, error).string();
  // The copy is written, the file is not: it was opened for reading alone.
  TRY_VOID(connection_->Execute("PRAGMA query_only = OFF"));
  TRY_VOID(connection_->Execute("VACUUM INTO " + Quoted(target)));
  TRY_VOID(connection_->Execute("PRAGMA query_only = ON"));
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return Failure(SystemError(error.value(), "protecting " + path.string()));
  return SyncFile(path);
}

Result<Lines> FileInspection::Findings(const std::function<bool()>& is_stopped) {
  Lines findings;
  const auto check = [&]() -> Result<void> {
    TRY_VOID(NoteDamage(CheckPages(*connection_, findings), findings));
    if (!findings.empty()) return {};  // what reads on would only stumble over the same
    TRY_VOID(NoteDamage(CheckReferences(*connection_, findings), findings));
    return NoteDamage(CheckTranscripts(*connection_, is_stopped, findings), findings);
  };
  TRY_VOID(InTransaction(check));
  if (!findings.empty()) return findings;
  TRY_VOID(NoteDamage(CheckFullText(connection_->handle(), findings), findings));
  return findings;
}

}  // namespace

Result<std::unique_ptr<Inspection>> Inspection::Open(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return Fail(ErrorCode::kNotFound, "there is no database " + path.string());
  }
  const auto open = [&]() -> Result<std::unique_ptr<Inspection>> {
    std::unique_ptr<Connection> connection = TRY(Connection::Open(path, ConnectionKind::kReading));
    TRY_VOID(connection->Begin());  // beside a server that may just be migrating
    const size_t version = TRY(CheckSchema(*connection));
    connection->Rollback();
    if (version == 0) return Fail(ErrorCode::kCorruptDatabase, "damaged: it is empty");
    return std::make_unique<FileInspection>(std::move(connection), version);
  };
  Result<std::unique_ptr<Inspection>> opened = open();
  if (opened) return opened;
  return Failure(std::move(opened).error().WithContext("the database " + path.string()));
}

Result<void> CheckWritable(Connection& connection) {
  const std::string version = TRY(connection.Query("PRAGMA user_version"));
  return connection.Execute("PRAGMA user_version = " + version);
}

}  // namespace verbatim::store
