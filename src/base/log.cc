#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdint>

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

constexpr uint32_t kNone = 0xFFFFFFFF;

struct Character {
  uint32_t point = kNone;  // kNone: a byte that is no UTF-8
  size_t size = 1;
};

// The first character of a text that is not empty. Source: RFC 3629.
Character FirstOf(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  uint32_t point = lead & (0x7FU >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3F);
  }
  const bool is_long = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  const bool is_surrogate = point >= 0xD800 && point < 0xE000;
  if (is_long || is_surrogate || point > 0x10FFFF) return {};
  return {point, size};
}

// What could start a new line, steer a terminal or, for JSON, end a string is written as \u and
// four digits, as are bytes that are no UTF-8 (as \ufffd).
std::string Escaped(std::string_view text, LogFormat format) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const auto [point, size] = FirstOf(text);
    if (point == kNone) {
      escaped += "\\ufffd";
    } else if (point < 0x20 || (point >= 0x7F && point < 0xA0)) {
      escaped += fmt::format("\\u{:04x}", point);
    } else {
      if (format == LogFormat::kJson && (point == '"' || point == '\\')) escaped += '\\';
      escaped += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return escaped;
}

class SpdLog final : public Log {
 public:
  SpdLog(LogLevel level_min, LogFormat format, spdlog::sink_ptr sink)
      : format_(format), logger_("verbatim", std::move(sink)) {
    logger_.set_level(LevelOf(level_min));
    logger_.flush_on(spdlog::level::debug);
    logger_.set_pattern(format == LogFormat::kJson
                            ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%v"})"
                            : "%Y-%m-%d %H:%M:%S.%e %^%L%$ %v");
  }

  void Write(LogLevel level, std::string_view message) override {
    logger_.log(LevelOf(level), Escaped(message, format_));
  }

  void SetLevel(LogLevel level) override { logger_.set_level(LevelOf(level)); }

 private:
  LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> MakeLog(LogLevel level_min, LogFormat format) {
  return std::make_unique<SpdLog>(level_min, format,
                                  std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
}

std::unique_ptr<Log> MakeLog(LogLevel level_min, LogFormat format, std::ostream& stream) {
  return std::make_unique<SpdLog>(level_min, format,
                                  std::make_shared<spdlog::sinks::ostream_sink_mt>(stream));
}

}  // namespace verbatim
