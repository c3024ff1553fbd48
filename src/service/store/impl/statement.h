// One use of a prepared statement: bind the parameters in order, step, read the columns in order.
// At its end it goes back to its connection, which keeps it prepared for the next use.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace verbatim::store {

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, StatementCloser>;

// A count as SQL takes it.
constexpr int64_t AsLimit(size_t count) {
  return count < size_t{INT64_MAX} ? static_cast<int64_t>(count) : INT64_MAX;
}

// Must end before its connection.
class Statement {
 public:
  // `home` takes the handle back.
  Statement(StatementHandle handle, StatementHandle& home);
  ~Statement();
  Statement(Statement&&) = default;
  Statement& operator=(Statement&&) = delete;

  // The next parameter's value; texts are copied. What fails here fails in Step.
  Statement& Bind(int64_t value);
  Statement& Bind(double value);
  Statement& Bind(std::string_view value);
  Statement& Bind(std::optional<int64_t> value);
  Statement& Bind(bool value) { return Bind(int64_t{value}); }
  Statement& Bind(int value) { return Bind(int64_t{value}); }
  Statement& Bind(const std::string& value) { return Bind(std::string_view(value)); }
  Statement& Bind(const char* value) = delete;  // would be taken for a bool

  // True: there is a row to read. False: the end.
  Result<bool> Step();
  // For a statement that gives no rows. Returns how many it changed.
  Result<int64_t> Run();

  // The next column of the row.
  int64_t Integer();
  int NarrowInteger() { return static_cast<int>(Integer()); }
  bool Boolean() { return Integer() != 0; }
  double Real();
  std::string Text();
  std::optional<int64_t> OptionalInteger();

 private:
  void Note(int code);

  StatementHandle handle_;
  StatementHandle* home_;
  int parameter_ = 0;
  int column_ = 0;
  int bind_code_ = SQLITE_OK;
};

}  // namespace verbatim::store
