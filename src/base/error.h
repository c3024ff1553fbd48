// What can go wrong and how it is said. Everything that input, disk, network, time or another
// process can cause is a Result<T>; only bugs are CHECKs (base/check.h). An Error carries a code
// that a caller can act on and one sentence for a person. TRY(expression) yields the value or
// returns the error to the caller.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace verbatim {

// By what the caller can do about it.
enum class ErrorCode {
  kInvalidArgument,   // the request itself is wrong: change it
  kNotFound,          // no such file, model or track
  kConflict,          // clashes with something that exists
  kTooLarge,          // over a limit
  kBusy,              // try again later
  kUnsupportedMedia,  // readable, but nothing here that can be transcribed
  kCorruptMedia,      // damaged beyond reading
  kCorruptModel,      // damaged or foreign model files
  kCorruptDatabase,   // the service's database, or what it keeps, is damaged
  kOutOfSpace,        // the disk takes no more: it is full, or read-only
  kIo,                // the system refused to read or write
  kCancelled,         // the caller asked to stop
  kInternal,          // a bug or a broken library
};

// The stable name of a code, as it stands in JSON and logs: "invalid_argument", ...
std::string_view ErrorCodeName(ErrorCode code);

// The other way round; none for a name that no code has.
std::optional<ErrorCode> FindErrorCode(std::string_view name);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // Puts "context: " in front of the message. Called once per room boundary.
  Error WithContext(std::string_view context) &&;
};

// The code and sentence for a failed system call: `doing` says what was tried, for example "writing
// /tmp/a.srt".
Error SystemError(int error_number, std::string_view doing);

template <typename T>
using Result = std::expected<T, Error>;

using Failure = std::unexpected<Error>;

// What a function that found something wrong returns.
inline Failure Fail(ErrorCode code, std::string message) {
  return Failure(Error{code, std::move(message)});
}

}  // namespace verbatim

// Yields the value of a Result, or returns its error from the enclosing function (a GNU statement
// expression).
#define TRY(expression)                                                           \
  __extension__({                                                                 \
    auto&& try_result_ = (expression);                                            \
    if (!try_result_) return ::verbatim::Failure(std::move(try_result_).error()); \
    std::move(*try_result_);                                                      \
  })

// The same for a Result<void>.
#define TRY_VOID(expression)                                      \
  do {                                                            \
    if (auto try_result_ = (expression); !try_result_)            \
      return ::verbatim::Failure(std::move(try_result_).error()); \
  } while (false)
