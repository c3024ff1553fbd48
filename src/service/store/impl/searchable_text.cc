#include "store/impl/searchable_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace verbatim::store {
namespace {

constexpr std::string_view kInvisibleSpace = "\xE2\x80\x8B";  // U+200B

struct Range {
  uint32_t first;
  uint32_t last;
};
// Source: Unicode 15 blocks.
constexpr std::array kScriptsWithoutSpaces = {
    Range{0x0E00, 0x0EFF},    // Thai, Lao
    Range{0x1000, 0x109F},    // Burmese
    Range{0x1780, 0x17FF},    // Khmer
    Range{0x3040, 0x30FF},    // Hiragana, Katakana
    Range{0x31F0, 0x31FF},    // more Katakana
    Range{0x3400, 0x4DBF},    // Chinese characters
    Range{0x4E00, 0x9FFF},    // Chinese characters
    Range{0xF900, 0xFAFF},    // Chinese characters
    Range{0xFF66, 0xFF9F},    // narrow Katakana
    Range{0x20000, 0x3FFFF},  // Chinese characters
};

// The bytes of the character at the start, 1 if there is no whole one of several bytes.
size_t SizeOfCharacter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t size = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
  if (size > text.size()) return 1;
  for (size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 1;
  }
  return size;
}

uint32_t CodePoint(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead;
  uint32_t code = lead & (0xFFU >> (character.size() + 1));
  for (const char byte : character.substr(1)) {
    code = code << 6 | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return code;
}

bool StandsAlone(std::string_view character) {
  const uint32_t code = CodePoint(character);
  return std::ranges::any_of(kScriptsWithoutSpaces, [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

std::string Without(std::string_view text, std::string_view what) {
  std::string rest;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(what, at), text.size());
    rest += text.substr(at, end - at);
    at = end + what.size();
  }
  return rest;
}

}  // namespace

std::string SetApart(std::string_view text) {
  std::string apart;
  bool is_alone = false;  // the character before
  for (size_t at = 0; at < text.size();) {
    const std::string_view character = text.substr(at, SizeOfCharacter(text.substr(at)));
    const bool was_alone = is_alone;
    is_alone = StandsAlone(character);
    if (at > 0 && (was_alone || is_alone)) apart += kInvisibleSpace;
    apart += character == std::string_view("\0", 1) ? " " : character;
    at += character.size();
  }
  return apart;
}

std::string SearchableText(std::string_view text) {
  const std::string clean = Without(Without(Without(text, kMarkBegin), kMarkEnd), kInvisibleSpace);
  const size_t begin = clean.find_first_not_of(' ');
  if (begin == clean.npos) return "";
  return SetApart(std::string_view(clean).substr(begin, clean.find_last_not_of(' ') - begin + 1));
}

std::vector<std::string> SplitMarked(std::string_view marked) {
  std::vector<std::string> pieces;
  bool is_plain = true;
  for (size_t at = 0;;) {
    const size_t end = std::min(marked.find(is_plain ? kMarkBegin : kMarkEnd, at), marked.size());
    std::string piece = Without(marked.substr(at, end - at), kInvisibleSpace);
    const bool is_last = end == marked.size();
    if (!is_last || pieces.empty() || !piece.empty()) pieces.push_back(std::move(piece));
    if (is_last) return pieces;
    at = end + kMarkBegin.size();
    is_plain = !is_plain;
  }
}

}  // namespace verbatim::store
