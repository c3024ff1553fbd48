#include "text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace verbatim::app {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the character that `bytes` begins with, 0 if it is not valid.
// Source: RFC 3629, section 4.
size_t CharacterLength(std::string_view bytes) {
  const auto at = [&](size_t i) {
    return static_cast<unsigned char>(i < bytes.size() ? bytes[i] : 0);
  };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() < length) return 0;
  const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < low || at(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// The characters of valid UTF-8.
std::vector<std::string_view> Characters(std::string_view text) {
  std::vector<std::string_view> characters;
  while (!text.empty()) {
    const size_t length = std::max<size_t>(CharacterLength(text), 1);
    characters.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return characters;
}

// Wide from Hangul on (U+1100, first byte E1 84): too wide for some scripts, never too narrow.
int CharacterColumns(std::string_view character) { return character >= "\xE1\x84\x80" ? 2 : 1; }

bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;  // C1 controls
}

}  // namespace

std::string ToValidUtf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t length = CharacterLength(bytes);
    text += length == 0 ? kReplacement : bytes.substr(0, length);
    bytes.remove_prefix(std::max<size_t>(length, 1));
  }
  return text;
}

std::string ForTerminal(std::string_view bytes) {
  const std::string valid = ToValidUtf8(bytes);
  std::string text;
  for (const std::string_view character : Characters(valid)) {
    text += character != "\n" && IsControl(character) ? "?" : character;
  }
  return text;
}

int Columns(std::string_view text) {
  int columns = 0;
  for (const std::string_view character : Characters(text)) columns += CharacterColumns(character);
  return columns;
}

std::string Shorten(std::string_view text, int columns_max) {
  if (Columns(text) <= columns_max) return std::string(text);
  const std::vector<std::string_view> characters = Characters(text);
  const int kept_columns = std::max(columns_max - 3, 0);
  std::string head;
  std::string tail;
  int columns = 0;
  size_t begin = 0;
  size_t end = characters.size();
  for (bool takes_head = true; begin < end; takes_head = !takes_head) {
    const std::string_view next = takes_head ? characters[begin] : characters[end - 1];
    columns += CharacterColumns(next);
    if (columns > kept_columns) break;
    if (takes_head) {
      head += next;
      ++begin;
    } else {
      tail.insert(0, next);
      --end;
    }
  }
  return (head + "..." + tail)
      .substr(0,
              columns_max < 3 ? static_cast<size_t>(std::max(columns_max, 0)) : std::string::npos);
}

std::string ClockTime(double seconds) {
  const auto whole = static_cast<int64_t>(std::clamp(seconds, 0.0, 1e9));
  const int64_t hours = whole / 3600;
  const int64_t minutes = whole / 60 % 60;
  if (hours == 0) return fmt::format("{}:{:02}", minutes, whole % 60);
  return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
}

std::string ByteCount(double bytes) {
  if (bytes < 1e6) return fmt::format("{:.0f} kB", bytes / 1e3);
  if (bytes < 1e9) return fmt::format("{:.1f} MB", bytes / 1e6);
  return fmt::format("{:.2f} GB", bytes / 1e9);
}

}  // namespace verbatim::app
