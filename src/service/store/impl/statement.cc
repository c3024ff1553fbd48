#include "store/impl/statement.h"

#include <utility>

#include "store/impl/sqlite_error.h"

namespace verbatim::store {

Statement::Statement(StatementHandle handle, StatementHandle& home)
    : handle_(std::move(handle)), home_(&home) {}

Statement::~Statement() {
  if (!handle_) return;  // moved from
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());  // a transcript's text need not stay in memory
  *home_ = std::move(handle_);
}

void Statement::Note(int code) {
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

Statement& Statement::Bind(int64_t value) {
  Note(sqlite3_bind_int64(handle_.get(), ++parameter_, value));
  return *this;
}

Statement& Statement::Bind(double value) {
  Note(sqlite3_bind_double(handle_.get(), ++parameter_, value));
  return *this;
}

Statement& Statement::Bind(std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();  // a null pointer would be NULL
  Note(sqlite3_bind_text64(handle_.get(), ++parameter_, bytes, value.size(), SQLITE_TRANSIENT,
                           SQLITE_UTF8));
  return *this;
}

Statement& Statement::Bind(std::optional<int64_t> value) {
  if (value) return Bind(*value);
  Note(sqlite3_bind_null(handle_.get(), ++parameter_));
  return *this;
}

Result<bool> Statement::Step() {
  sqlite3* database = sqlite3_db_handle(handle_.get());
  if (bind_code_ != SQLITE_OK) {
    return Failure(SqliteError(database, bind_code_, "handing a value to the database"));
  }
  // Some failures roll back the whole transaction; what comes after must not be kept on its own.
  if (sqlite3_get_autocommit(database) != 0) {
    return Fail(ErrorCode::kInternal, "the transaction has been rolled back by an earlier error");
  }
  column_ = 0;
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return Failure(SqliteError(database, code, "using the database"));
}

Result<int64_t> Statement::Run() {
  while (TRY(Step())) {
  }
  return sqlite3_changes64(sqlite3_db_handle(handle_.get()));
}

int64_t Statement::Integer() { return sqlite3_column_int64(handle_.get(), column_++); }

double Statement::Real() { return sqlite3_column_double(handle_.get(), column_++); }

std::string Statement::Text() {
  const int column = column_++;
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (bytes == nullptr) return "";
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::optional<int64_t> Statement::OptionalInteger() {
  if (sqlite3_column_type(handle_.get(), column_) == SQLITE_NULL) {
    ++column_;
    return std::nullopt;
  }
  return Integer();
}

}  // namespace verbatim::store
