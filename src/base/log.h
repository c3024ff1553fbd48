// What a service tells the person who runs it: one line per event, with a level and, as JSON if
// asked for, machine-readable. Passed in, never global. Texts from outside are made harmless: a
// line stays one line.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/contain.h"
#include "base/error.h"

namespace verbatim {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Thread: any.
class Log {
 public:
  virtual ~Log() = default;
  // Writes one line.
  virtual void Write(LogLevel level, std::string_view message) = 0;
  // From now on lines of less importance are dropped, where the log drops any.
  virtual void SetLevel(LogLevel) {}

  // Each writes a formatted line at its level. A line for which there is no memory is lost.
  template <typename... Args>
  void Debug(fmt::format_string<Args...> format, Args&&... args) {
    Format(LogLevel::kDebug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void Info(fmt::format_string<Args...> format, Args&&... args) {
    Format(LogLevel::kInfo, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void Warning(fmt::format_string<Args...> format, Args&&... args) {
    Format(LogLevel::kWarning, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void Error(fmt::format_string<Args...> format, Args&&... args) {
    Format(LogLevel::kError, format, std::forward<Args>(args)...);
  }

 private:
  template <typename... Args>
  void Format(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    static_cast<void>(
        Contain([&] { Write(level, fmt::format(format, std::forward<Args>(args)...)); }));
  }
};

enum class LogFormat { kText, kJson };

// Writes to standard error.
std::unique_ptr<Log> MakeLog(LogLevel level_min, LogFormat format);

// The same to a stream, which outlives the log.
std::unique_ptr<Log> MakeLog(LogLevel level_min, LogFormat format, std::ostream& stream);

// Drops everything: for tests.
class QuietLog final : public Log {
 public:
  void Write(LogLevel, std::string_view) override {}
};

}  // namespace verbatim
