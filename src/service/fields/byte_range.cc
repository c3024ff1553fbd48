#include "fields/byte_range.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace verbatim::fields {
namespace {

constexpr std::string_view kUnit = "bytes=";

bool HasUnit(std::string_view field) {
  return field.size() >= kUnit.size() &&
         std::equal(kUnit.begin(), kUnit.end(), field.begin(), [](char known, char given) {
           return known == std::tolower(static_cast<unsigned char>(given));
         });
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const size_t end = text.find_last_not_of(" \t");
  return end == std::string_view::npos ? "" : text.substr(begin, end + 1 - begin);
}

// Digits alone; what is beyond 64 bits is as good as the largest number.
std::optional<uint64_t> ReadNumber(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? number : UINT64_MAX;
}

ByteRange PartOf(uint64_t first, uint64_t last, uint64_t size) {
  if (first >= size) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
  last = std::min(last, size - 1);
  return {ByteRange::Kind::kPart, first, last - first + 1};
}

ByteRange SuffixOf(uint64_t length, uint64_t size) {
  length = std::min(length, size);
  if (length == 0) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
  return {ByteRange::Kind::kPart, size - length, length};
}

}  // namespace

ByteRange ReadRange(std::optional<std::string_view> field, uint64_t size) {
  const ByteRange whole{ByteRange::Kind::kWhole, 0, size};
  if (!field || !HasUnit(*field)) return whole;
  const std::string_view range = Trimmed(field->substr(kUnit.size()));
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.contains(',')) return whole;
  const std::string_view first_digits = range.substr(0, dash);
  const std::string_view last_digits = range.substr(dash + 1);
  const std::optional<uint64_t> first = ReadNumber(first_digits);
  const std::optional<uint64_t> last = ReadNumber(last_digits);
  if (first_digits.empty()) return last ? SuffixOf(*last, size) : whole;
  if (!first) return whole;
  if (last_digits.empty()) return PartOf(*first, UINT64_MAX, size);
  if (!last || *last < *first) return whole;
  return PartOf(*first, *last, size);
}

}  // namespace verbatim::fields
