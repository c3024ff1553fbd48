// Bytes as a tokenizer.json, and as text and as a token run for a small tokenizer.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "tests/tiny_tokenizer.h"
#include "whisper/tokenizer.h"

namespace verbatim::whisper {
namespace {

// The words of a run hold each of its tokens once, and all of its text.
void CheckWords(const Tokenizer& tokenizer, const std::vector<int32_t>& tokens) {
  for (const std::string_view language : {"en", "zh"}) {
    size_t next = 0;
    std::string joined;
    for (const WordTokens& word : tokenizer.SplitWords(tokens, language)) {
      CHECK(word.begin == next && word.end > word.begin);
      next = word.end;
      joined += word.text;
    }
    CHECK(next == tokens.size());
    CHECK(joined == tokenizer.Decode(tokens));
  }
}

void CheckText(const Tokenizer& tokenizer, std::string_view bytes) {
  const std::vector<int32_t> tokens = tokenizer.Encode(bytes);
  for (const int32_t token : tokens) CHECK(token >= 0 && token < tokenizer.special().end_of_text);
  const std::string text = tokenizer.Decode(tokens);
  CHECK(tokenizer.Encode(text) == tokens);
  CheckWords(tokenizer, tokens);
}

// Two bytes per token, so that special tokens and ids out of range occur.
void CheckTokens(const Tokenizer& tokenizer, std::string_view bytes) {
  std::vector<int32_t> tokens(bytes.size() / 2);
  for (size_t i = 0; i < tokens.size(); ++i) {
    int16_t token = 0;
    std::memcpy(&token, bytes.data() + 2 * i, sizeof token);
    tokens[i] = token;
  }
  CheckWords(tokenizer, tokens);
}

}  // namespace
}  // namespace verbatim::whisper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using verbatim::whisper::Tokenizer;
  static const auto tiny = Tokenizer::Parse(verbatim::tests::TinyTokenizerJson());
  CHECK(tiny.has_value());
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  verbatim::whisper::CheckText(*tiny, bytes);
  verbatim::whisper::CheckTokens(*tiny, bytes);
  const auto parsed = Tokenizer::Parse(bytes);
  if (parsed)
    verbatim::whisper::CheckText(*parsed, "The quick brown fox, 1234 \xE6\xBC\xA2\xFF ab abc");
  return 0;
}
