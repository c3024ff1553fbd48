#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace verbatim {
namespace {

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: break;
  }
  return spdlog::level::err;
}

// Control characters and, for JSON, quotes; bytes that are no UTF-8 pass through.
std::string Escaped(std::string_view text, LogFormat format) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      escaped += fmt::format("\\u{:04x}", byte);
    } else if (format == LogFormat::kJson && (c == '"' || c == '\\')) {
      escaped += '\\';
      escaped += c;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

class SpdLog final : public Log {
 public:
  SpdLog(LogLevel level_min, LogFormat format)
      : format_(format),
        logger_("verbatim", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
    logger_.set_level(LevelOf(level_min));
    logger_.flush_on(spdlog::level::debug);
    logger_.set_pattern(format == LogFormat::kJson
                            ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%v"})"
                            : "%Y-%m-%d %H:%M:%S.%e %^%L%$ %v");
  }

  void Write(LogLevel level, std::string_view message) override {
    logger_.log(LevelOf(level), Escaped(message, format_));
  }

 private:
  LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> MakeLog(LogLevel level_min, LogFormat format) {
  return std::make_unique<SpdLog>(level_min, format);
}

}  // namespace verbatim
