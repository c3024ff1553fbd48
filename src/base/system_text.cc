#include "base/system_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/atomic_file.h"

namespace verbatim {
namespace {

constexpr uint64_t kFileSizeMax = 4 << 20;
constexpr uint64_t kCpusMax = 1 << 16;

std::string_view WithoutBlanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
  return text;
}

template <typename Number>
std::optional<Number> ParseWord(std::string_view text) {
  text = WithoutBlanks(text);
  text = text.substr(0, text.find_first_of(" \t\n"));
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::string> ReadText(const std::filesystem::path& path) {
  Result<std::string> text = ReadFile(path, kFileSizeMax);
  if (!text) return std::nullopt;
  return *std::move(text);
}

std::optional<uint64_t> ParseCount(std::string_view text) { return ParseWord<uint64_t>(text); }

std::optional<double> ParseDecimal(std::string_view text) {
  const std::optional<double> number = ParseWord<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<std::string_view> FindField(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(name)) return line.substr(name.size());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

std::optional<uint64_t> FindKilobytes(std::string_view text, std::string_view name) {
  const std::optional<std::string_view> field = FindField(text, name);
  const std::optional<uint64_t> kilobytes = field ? ParseCount(*field) : std::nullopt;
  if (!kilobytes || *kilobytes >= kBytesMax / 1024) return std::nullopt;
  return *kilobytes * 1024;
}

std::optional<uint64_t> ReadBytes(const std::filesystem::path& path) {
  const std::optional<std::string> text = ReadText(path);
  const std::optional<uint64_t> bytes = text ? ParseCount(*text) : std::nullopt;
  return bytes && *bytes < kBytesMax ? bytes : std::nullopt;
}

std::optional<int> CountCpuList(std::string_view text) {
  text = WithoutBlanks(text);
  text = text.substr(0, text.find_first_of(" \t\n"));
  uint64_t count = 0;
  while (!text.empty()) {
    const std::string_view range = text.substr(0, text.find(','));
    text.remove_prefix(std::min(range.size() + 1, text.size()));
    const size_t dash = range.find('-');
    const std::optional<uint64_t> first = ParseCount(range.substr(0, dash));
    const std::optional<uint64_t> last =
        dash == std::string_view::npos ? first : ParseCount(range.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= kCpusMax) return std::nullopt;
    count += *last - *first + 1;
  }
  if (count == 0 || count > kCpusMax) return std::nullopt;
  return static_cast<int>(count);
}

}  // namespace verbatim
