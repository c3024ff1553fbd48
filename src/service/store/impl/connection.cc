#include "store/impl/connection.h"

#include <cerrno>
#include <utility>

#include "store/impl/sqlite_error.h"

namespace verbatim::store {
namespace {

// Unit: pages of 4 KiB in the log. The first is SQLite's own default; from the second on readers
// are waited for, so that the log starts anew and does not grow for ever under a steady load.
constexpr int kCheckpointPages = 1000;
constexpr int kTruncatePages = 16'000;

constexpr int kBusyTimeoutMs = 5000;
constexpr int kCheckpointWaitMs = 100;  // for readers, per commit

// Runs after each commit. A checkpoint that fails is tried again after the next one: what is
// committed is in the log all the while.
int AfterCommit(void* /*context*/, sqlite3* database, const char* schema, int log_pages) {
  if (log_pages >= kTruncatePages) {
    sqlite3_busy_timeout(database, kCheckpointWaitMs);
    sqlite3_wal_checkpoint_v2(database, schema, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(database, kBusyTimeoutMs);
  } else if (log_pages >= kCheckpointPages) {
    sqlite3_wal_checkpoint_v2(database, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  return SQLITE_OK;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::Open(const std::filesystem::path& path,
                                                     ConnectionKind kind) {
  // A name that starts with "file:" would be taken for a URI; an absolute path does not.
  std::error_code ignored;
  const std::string absolute = std::filesystem::absolute(path, ignored).string();
  const int access = kind == ConnectionKind::kWriting ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                      : SQLITE_OPEN_READONLY;
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(absolute.c_str(), &database,
                      access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, /*zVfs=*/nullptr);
  std::unique_ptr<Connection> connection(new Connection());
  connection->kind_ = kind;
  connection->database_.reset(database);
  if (code != SQLITE_OK) return Failure(SqliteError(database, code, "opening " + absolute));
  TRY_VOID(connection->Configure());
  return connection;
}

Connection::~Connection() = default;

Result<void> Connection::Configure() {
  sqlite3* database = database_.get();
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  TRY_VOID(
      Execute("PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL; "
              "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;"));
  if (kind_ == ConnectionKind::kWriting) {
    sqlite3_wal_hook(database, AfterCommit, nullptr);
    begin_ = TRY(Compile("BEGIN IMMEDIATE"));
    begin_part_ = TRY(Compile("SAVEPOINT part"));
    keep_part_ = TRY(Compile("RELEASE part"));
    take_back_part_ = TRY(Compile("ROLLBACK TO part"));
  } else {
    sqlite3_wal_autocheckpoint(database, 0);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    TRY_VOID(Execute("PRAGMA query_only = ON"));
    begin_ = TRY(Compile("BEGIN"));
  }
  commit_ = TRY(Compile("COMMIT"));
  rollback_ = TRY(Compile("ROLLBACK"));
  return {};
}

Result<StatementHandle> Connection::Compile(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, /*pzTail=*/nullptr);
  if (code != SQLITE_OK) {
    return Failure(SqliteError(database_.get(), code, "preparing a statement"));
  }
  return StatementHandle(statement);
}

Result<Statement> Connection::Prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) found = statements_.emplace(sql, nullptr).first;
  StatementHandle& home = found->second;
  if (!home) home = TRY(Compile(sql));  // the first use, or one within another of the same text
  return Statement(std::move(home), home);
}

Result<void> Connection::Execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return Failure(SqliteError(database_.get(), code, "using the database"));
  return {};
}

Result<std::string> Connection::Query(const std::string& sql) {
  const StatementHandle statement = TRY(Compile(sql));
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_DONE) return "";
  if (code != SQLITE_ROW) {
    return Failure(SqliteError(database_.get(), code, "using the database"));
  }
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
  return text == nullptr ? "" : text;
}

Result<void> Connection::RunAlone(StatementHandle& statement, std::string_view doing) {
  errno = 0;  // where a commit fails, SQLite does not note why
  const int code = sqlite3_step(statement.get());
  const Error error =
      code == SQLITE_DONE ? Error{} : SqliteError(database_.get(), code, doing, errno);
  sqlite3_reset(statement.get());
  if (code != SQLITE_DONE) return Failure(error);
  return {};
}

Result<void> Connection::Begin() {
  appended_.clear();
  return RunAlone(begin_, "starting a transaction");
}

Result<void> Connection::Commit() {
  Result<void> done = RunAlone(commit_, "committing a transaction");
  if (done) return done;
  Rollback();
  if (kind_ == ConnectionKind::kWriting) {
    // Its pages may be in the log, whole, although the disk did not confirm them: after a crash
    // they would count. Emptying the log takes them out.
    sqlite3_wal_checkpoint_v2(database_.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
  }
  return done;
}

void Connection::Rollback() {
  appended_.clear();
  if (is_in_transaction()) sqlite3_step(rollback_.get());
  sqlite3_reset(rollback_.get());
}

Result<void> Connection::BeginPart() {
  appended_before_part_ = appended_.size();
  return RunAlone(begin_part_, "starting a part of a transaction");
}

Result<void> Connection::KeepPart() {
  return RunAlone(keep_part_, "ending a part of a transaction");
}

Result<void> Connection::TakeBackPart() {
  appended_.resize(appended_before_part_);
  TRY_VOID(RunAlone(take_back_part_, "taking back a part of a transaction"));
  return KeepPart();
}

}  // namespace verbatim::store
