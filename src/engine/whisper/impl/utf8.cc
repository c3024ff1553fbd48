#include "whisper/impl/utf8.h"

#include <cstdint>

#include "base/check.h"

namespace verbatim::whisper {
namespace {

// What a first byte demands: how many bytes follow, and between which values the second one lies.
struct Lead {
  size_t followers = 0;
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xBF;
};

// The narrowed second bytes keep out overlong forms, surrogates and what lies above U+10FFFF.
Lead LeadOf(uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {1};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {2};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  if (byte >= 0xF1 && byte <= 0xF3) return {3};
  return {0};
}

}  // namespace

Utf8Unit FirstUtf8Unit(std::string_view bytes) {
  CHECK(!bytes.empty());
  const auto first = static_cast<uint8_t>(bytes[0]);
  if (first < 0x80) return {1, true};
  const Lead lead = LeadOf(first);
  for (size_t i = 1; i <= lead.followers; ++i) {
    if (i == bytes.size()) return {i, false};
    const auto byte = static_cast<uint8_t>(bytes[i]);
    const uint8_t low = i == 1 ? lead.second_min : uint8_t{0x80};
    const uint8_t high = i == 1 ? lead.second_max : uint8_t{0xBF};
    if (byte < low || byte > high) return {i, false};
  }
  return {lead.followers + 1, lead.followers > 0};
}

std::string ReplaceInvalidUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Utf8Unit unit = FirstUtf8Unit(bytes);
    text += unit.valid ? bytes.substr(0, unit.size) : std::string_view("\uFFFD");
    bytes.remove_prefix(unit.size);
  }
  return text;
}

}  // namespace verbatim::whisper
