// A tokenizer.json small enough to read: the 256 bytes, a few merges, the special tokens and three
// languages.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace verbatim::tests {

// What a test wants to differ from a good file.
struct TinyTokenizer {
  // Each merge as its two parts; the results become tokens 256, 257, ...
  std::vector<std::pair<std::string, std::string>> merges = {
      {"a", "b"}, {"Ġ", "a"}, {"ab", "c"}, {"c", "d"}, {"Ġ", "ab"}, {"Ã", "¤"}, {"!", "!"}};
  bool merges_are_pairs = false;  // ["a", "b"] instead of "a b"
  std::vector<std::string> specials = {
      "<|endoftext|>",   "<|startoftranscript|>", "<|en|>",          "<|iw|>",
      "<|ja|>",          "<|translate|>",         "<|transcribe|>",  "<|startoflm|>",
      "<|startofprev|>", "<|nospeech|>",          "<|notimestamps|>"};
  int byte_count = 256;  // fewer leave bytes without a token
};

// `text` as a JSON string.
inline std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') quoted += '\\';
    quoted += character;
  }
  return quoted + '"';
}

// How vocabularies write a byte: as itself if that can be seen, else as a character from U+0100 on.
inline std::string ByteKey(int byte) {
  int character = byte;
  if (byte <= 0x20) {
    character = 0x100 + byte;
  } else if (byte >= 0x7F && byte <= 0xA0) {
    character = 0x121 + byte - 0x7F;
  } else if (byte == 0xAD) {
    character = 0x143;
  }
  if (character < 0x80) return std::string(1, static_cast<char>(character));
  return {static_cast<char>(0xC0 | character >> 6), static_cast<char>(0x80 | (character & 0x3F))};
}

inline std::string TinyTokenizerJson(const TinyTokenizer& tiny = {}) {
  std::string vocabulary;
  std::string merges;
  std::string added;
  int id = 0;
  const auto add_token = [&](const std::string& key) {
    if (id > 0) vocabulary += ',';
    vocabulary += Quoted(key) + ":" + std::to_string(id);
    ++id;
  };
  for (int byte = 0; byte < tiny.byte_count; ++byte) add_token(ByteKey(byte));
  for (const auto& [left, right] : tiny.merges) {
    add_token(left + right);
    if (!merges.empty()) merges += ',';
    merges += tiny.merges_are_pairs ? fmt::format("[{},{}]", Quoted(left), Quoted(right))
                                    : Quoted(left + " " + right);
  }
  for (const std::string& special : tiny.specials) {
    if (!added.empty()) added += ',';
    added += "{\"id\":" + std::to_string(id++) + ",\"content\":" + Quoted(special) +
             ",\"special\":true}";
  }
  return "{\"version\":\"1.0\",\"added_tokens\":[" + added +
         "],\"model\":{\"type\":\"BPE\",\"vocab\":{" + vocabulary + "},\"merges\":[" + merges +
         "]}}";
}

}  // namespace verbatim::tests
