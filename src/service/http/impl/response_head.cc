#include "http/impl/response_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace verbatim::http {
namespace {

constexpr std::array<std::string_view, 6> kOwnFields = {
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Date", "Trailer"};

bool IsOwnField(std::string_view name) {
  return std::ranges::any_of(kOwnFields,
                             [name](std::string_view own) { return SameWord(own, name); });
}

bool IsNameByte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || std::string_view("!#$%&'*+-.^_`|~").contains(byte);
}

bool IsValueByte(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  return byte == '\t' || (code >= 0x20 && code != 0x7F);
}

bool IsSafe(const Headers::Field& field) {
  return !field.name.empty() && std::ranges::all_of(field.name, IsNameByte) &&
         std::ranges::all_of(field.value, IsValueByte);
}

void AppendField(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

void AppendFraming(std::string& head, const ResponseFraming& framing) {
  if (framing.body == BodyFraming::kLength) {
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", framing.length);
  }
  if (framing.body == BodyFraming::kChunked) AppendField(head, "Transfer-Encoding", "chunked");
  if (framing.closes || framing.body == BodyFraming::kUntilClose) {
    AppendField(head, "Connection", "close");
  }
}

}  // namespace

Result<std::string> RenderHead(const Response& response, const ResponseFraming& framing,
                               std::span<const Headers::Field> extra) {
  if (response.status < 200 || response.status > 599) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is no status of a response", response.status));
  }
  std::string head;
  head.reserve(512);
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", response.status,
                 ReasonPhrase(response.status));
  AppendField(head, "Date", HttpDate(std::chrono::system_clock::now()));
  for (const Headers::Field& field : response.headers.fields()) {
    if (!IsSafe(field)) {
      return Fail(ErrorCode::kInvalidArgument, "a response field that could end its line");
    }
    if (!IsOwnField(field.name)) AppendField(head, field.name, field.value);
  }
  for (const Headers::Field& field : extra) {
    if (response.headers.Count(field.name) == 0) AppendField(head, field.name, field.value);
  }
  AppendFraming(head, framing);
  head.append("\r\n");
  return head;
}

std::string HttpDate(std::chrono::system_clock::time_point time) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                            "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::weekday weekday(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday.c_encoding()],
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace verbatim::http
