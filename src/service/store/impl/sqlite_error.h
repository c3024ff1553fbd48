// SQLite's result codes become ours here and nowhere else.
#pragma once

#include <sqlite3.h>

#include <string_view>

#include "base/error.h"

namespace verbatim::store {

// Which of our codes an extended result code is. `error_number` is the errno behind it, 0 if none.
ErrorCode CodeOf(int sqlite_code, int error_number);

// What went wrong last on a connection: `doing` says what was tried, for example "opening the
// database".
// `error_number`: of the system; 0: SQLite knows it.
Error SqliteError(sqlite3* database, int sqlite_code, std::string_view doing, int error_number = 0);

}  // namespace verbatim::store
