#include "store/impl/sqlite_error.h"

#include <cerrno>
#include <string>

namespace verbatim::store {
namespace {

bool TakesNoMore(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EROFS;
}

ErrorCode CodeOfConstraint(int sqlite_code) {
  switch (sqlite_code) {
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_DATATYPE: return ErrorCode::kInternal;  // a value that we never write
    default: return ErrorCode::kConflict;
  }
}

}  // namespace

ErrorCode CodeOf(int sqlite_code, int error_number) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_READONLY: return ErrorCode::kOutOfSpace;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM: return ErrorCode::kBusy;
    case SQLITE_CONSTRAINT: return CodeOfConstraint(sqlite_code);
    case SQLITE_IOERR:
      if (sqlite_code == SQLITE_IOERR_NOMEM) return ErrorCode::kBusy;
      return TakesNoMore(error_number) ? ErrorCode::kOutOfSpace : ErrorCode::kIo;
    case SQLITE_CANTOPEN:
      return TakesNoMore(error_number) ? ErrorCode::kOutOfSpace : ErrorCode::kIo;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS: return ErrorCode::kIo;
    case SQLITE_TOOBIG: return ErrorCode::kTooLarge;
    case SQLITE_INTERRUPT: return ErrorCode::kCancelled;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::kCorruptDatabase;
    default: return ErrorCode::kInternal;  // what only a bug can cause
  }
}

Error SqliteError(sqlite3* database, int sqlite_code, std::string_view doing, int error_number) {
  const int primary = sqlite_code & 0xff;
  const bool is_of_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  if (!is_of_system) error_number = 0;
  if (is_of_system && error_number == 0 && database != nullptr) {
    error_number = sqlite3_system_errno(database);
  }
  std::string message(doing);
  message += ": ";
  const std::string_view reason =
      database != nullptr && sqlite3_extended_errcode(database) == sqlite_code
          ? sqlite3_errmsg(database)
          : sqlite3_errstr(sqlite_code);
  const ErrorCode our_code = CodeOf(sqlite_code, error_number);
  if (our_code == ErrorCode::kCorruptDatabase) message += "damaged: ";
  message += reason;
  message += " (SQLite " + std::to_string(sqlite_code);
  if (error_number != 0) message += ", errno " + std::to_string(error_number);
  message += ")";
  return Error{our_code, std::move(message)};
}

}  // namespace verbatim::store
