#include "transcript/impl/text.h"

#include <utf8proc.h>

#include <algorithm>

namespace verbatim::transcript {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kEmojiSelector = 0xFE0F;

struct Decoded {
  char32_t code = kReplacement;
  size_t size = 1;  // bytes; 1 for a bad one
  bool valid = false;
};

Decoded DecodeAt(std::string_view text, size_t offset) {
  utf8proc_int32_t code = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + offset);
  const utf8proc_ssize_t size =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - offset), &code);
  if (size <= 0 || code < 0) return {};
  return {.code = static_cast<char32_t>(code), .size = static_cast<size_t>(size), .valid = true};
}

bool IsSpace(char32_t code) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return true;
    case UTF8PROC_CATEGORY_ZS: return code != 0xA0 && code != 0x2007 && code != 0x202F;
    default: return false;
  }
}

int CodeWidth(char32_t code) {
  const bool is_flag_half = code >= 0x1F1E6 && code <= 0x1F1FF;
  if (is_flag_half || code == kEmojiSelector) return 2;
  return utf8proc_charwidth(static_cast<utf8proc_int32_t>(code));
}

}  // namespace

std::vector<Cluster> SplitClusters(std::string_view text) {
  std::vector<Cluster> clusters;
  utf8proc_int32_t state = 0;
  char32_t previous = 0;
  for (size_t offset = 0; offset < text.size();) {
    const Decoded decoded = DecodeAt(text, offset);
    const char32_t code = decoded.code;
    const bool is_break = utf8proc_grapheme_break_stateful(
        static_cast<utf8proc_int32_t>(previous), static_cast<utf8proc_int32_t>(code), &state);
    // A space stands alone, also before a stray combining mark: texts are cut at spaces.
    const bool is_beside_space = IsSpace(code) || IsSpace(previous);
    if (clusters.empty() || is_break || is_beside_space)
      clusters.push_back({.begin = offset, .first = code, .is_space = true});
    Cluster& cluster = clusters.back();
    offset += decoded.size;
    cluster.end = offset;
    cluster.last = code;
    cluster.width = std::max(cluster.width, CodeWidth(code));
    cluster.is_space = cluster.is_space && IsSpace(code);
    previous = code;
  }
  return clusters;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  for (const Cluster& cluster : SplitClusters(text)) width += cluster.width;
  return width;
}

std::string ToValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) {
    const Decoded decoded = DecodeAt(text, offset);
    if (decoded.valid) {
      valid.append(text.substr(offset, decoded.size));
    } else {
      valid.append("\uFFFD");
    }
    offset += decoded.size;
  }
  return valid;
}

std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  bool space_due = false;
  for (size_t offset = 0; offset < text.size();) {
    const Decoded decoded = DecodeAt(text, offset);
    if (decoded.valid && IsSpace(decoded.code)) {
      space_due = !line.empty();
    } else {
      if (space_due) line.push_back(' ');
      space_due = false;
      line.append(decoded.valid ? text.substr(offset, decoded.size) : "\uFFFD");
    }
    offset += decoded.size;
  }
  return line;
}

std::u32string WordKey(std::string_view text) {
  std::u32string key;
  for (const char32_t code : CodePoints(text)) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
    const bool is_punctuation =
        category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
    if (is_punctuation || IsSpace(code)) continue;
    key.push_back(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
  }
  return key.empty() ? CodePoints(text) : key;
}

std::u32string CodePoints(std::string_view text) {
  std::u32string codes;
  for (size_t offset = 0; offset < text.size();) {
    const Decoded decoded = DecodeAt(text, offset);
    codes.push_back(decoded.code);
    offset += decoded.size;
  }
  return codes;
}

}  // namespace verbatim::transcript
