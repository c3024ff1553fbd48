#include "fields/time_query.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace verbatim::fields {
namespace {

// Up to the year 9999.
constexpr int64_t kUnixSecondsMax = 253'402'300'799;

// Takes a text apart from the front.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_ok() const { return is_ok_; }
  bool is_at_end() const { return text_.empty(); }

  // Exactly so many digits, within a range.
  int Digits(size_t count, int min, int max) {
    int number = 0;
    const std::string_view digits = text_.substr(0, count);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool is_number = digits.size() == count && !digits.starts_with('-') &&
                           error == std::errc() && end == digits.data() + digits.size();
    is_ok_ = is_ok_ && is_number && number >= min && number <= max;
    text_.remove_prefix(digits.size());
    return number;
  }

  // One of these characters; 0: none of them.
  char OneOf(std::string_view letters) {
    if (text_.empty() || !letters.contains(text_.front())) return 0;
    const char letter = text_.front();
    text_.remove_prefix(1);
    return letter;
  }
  void Expect(std::string_view letters) { is_ok_ = OneOf(letters) != 0 && is_ok_; }

 private:
  std::string_view text_;
  bool is_ok_ = true;
};

// What is to be taken off for UTC. A plus of a query may have become a blank.
int64_t ReadOffset(Reader& reader) {
  if (reader.OneOf("Zz") != 0) return 0;
  const char sign = reader.OneOf("+- ");
  if (sign == 0) reader.Expect("");
  const int hours = reader.Digits(2, 0, 23);
  reader.Expect(":");
  const int minutes = reader.Digits(2, 0, 59);
  const int64_t offset_s = hours * int64_t{3600} + minutes * int64_t{60};
  return sign == '-' ? -offset_s : offset_s;
}

std::optional<int64_t> ParseDate(std::string_view text) {
  Reader reader(text);
  const std::chrono::year year(reader.Digits(4, 1, 9999));
  reader.Expect("-");
  const std::chrono::month month(static_cast<unsigned>(reader.Digits(2, 1, 12)));
  reader.Expect("-");
  const std::chrono::day day(static_cast<unsigned>(reader.Digits(2, 1, 31)));
  reader.Expect("Tt ");
  const int hour = reader.Digits(2, 0, 23);
  reader.Expect(":");
  const int minute = reader.Digits(2, 0, 59);
  reader.Expect(":");
  const int second = reader.Digits(2, 0, 60);
  if (reader.OneOf(".") != 0) {
    reader.Expect("0123456789");
    while (reader.OneOf("0123456789") != 0) {
    }
  }
  const int64_t offset_s = ReadOffset(reader);
  const std::chrono::year_month_day date(year, month, day);
  if (!reader.is_ok() || !reader.is_at_end() || !date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400 + hour * 3600 + minute * 60 + second - offset_s;
}

}  // namespace

std::optional<int64_t> ParseTime(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return ParseDate(text);
  if (!(seconds >= 0 && seconds <= static_cast<double>(kUnixSecondsMax))) return std::nullopt;
  return static_cast<int64_t>(seconds);
}

Result<std::optional<int64_t>> QueryTime(const http::Request& request, std::string_view name) {
  const auto word = request.Query(name);
  if (!word) return std::nullopt;
  const std::optional<int64_t> time = ParseTime(*word);
  if (time) return time;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: \"{}\" is no time; write 2026-11-25T18:00:00Z or Unix seconds", name,
                          *word));
}

}  // namespace verbatim::fields
