// A connection to the database file, with its prepared statements: the one that writes and
// checkpoints, or one of those that only read.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "store/event.h"
#include "store/impl/statement.h"

namespace verbatim::store {

struct DatabaseCloser {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, DatabaseCloser>;

enum class ConnectionKind { kWriting, kReading };

// Thread: one at a time.
class Connection {
 public:
  // Only the writing one makes the file if it is missing.
  // Errors: those of SqliteError.
  static Result<std::unique_ptr<Connection>> Open(const std::filesystem::path& path,
                                                  ConnectionKind kind);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // A statement ready to bind. Prepared at the first use of its text, then kept.
  Result<Statement> Prepare(std::string_view sql);

  // One or several statements without parameters, outside of the transactions below or within.
  Result<void> Execute(const std::string& sql);
  // The first value of the first row; for PRAGMA.
  Result<std::string> Query(const std::string& sql);

  // A reading transaction sees one state from its first statement on; a writing one holds the lock.
  Result<void> Begin();
  // After an error nothing of the transaction remains, in the file or its log.
  Result<void> Commit();
  void Rollback();

  // A part of a transaction, which can be taken back alone, with its events. One at a time.
  Result<void> BeginPart();
  Result<void> KeepPart();
  Result<void> TakeBackPart();

  // False also after SQLite itself rolled back, because of a full disk or a lack of memory.
  bool is_in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

  // Id of the row inserted last.
  int64_t inserted_id() const { return sqlite3_last_insert_rowid(database_.get()); }

  // For what SQLite does between two databases.
  sqlite3* handle() { return database_.get(); }

  // Events appended in this transaction.
  std::vector<Event>& appended() { return appended_; }

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Connection() = default;
  Result<void> Configure();
  Result<void> RunAlone(StatementHandle& statement, std::string_view doing);
  Result<StatementHandle> Compile(std::string_view sql);

  ConnectionKind kind_ = ConnectionKind::kReading;
  DatabaseHandle database_;
  // Below the connection, so that they end first. An empty handle is in use.
  std::unordered_map<std::string, StatementHandle, TextHash, std::equal_to<>> statements_;
  StatementHandle begin_;
  StatementHandle commit_;
  StatementHandle rollback_;
  StatementHandle begin_part_;
  StatementHandle keep_part_;
  StatementHandle take_back_part_;
  size_t appended_before_part_ = 0;
  std::vector<Event> appended_;
};

}  // namespace verbatim::store
