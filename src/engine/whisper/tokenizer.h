// Text <-> Whisper's tokens: byte-level BPE as the model's tokenizer.json defines it, the special
// tokens, and the split of a token run into words. Immutable after opening; shared by all workers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace verbatim::whisper {

// Ids of the tokens that are not text.
struct SpecialTokens {
  int32_t end_of_text = 0;  // the first special token: ids below it are text
  int32_t start_of_transcript = 0;
  int32_t translate = 0;
  int32_t transcribe = 0;
  int32_t start_of_previous = 0;  // <|startofprev|>
  int32_t no_speech = 0;          // <|nospeech|> or <|nocaptions|>
  int32_t no_timestamps = 0;
  int32_t timestamp_begin = 0;  // <|0.00|>; each following id is 20 ms later, up to <|30.00|>
};

// A word as a range of a token run.
struct WordTokens {
  std::string text;  // valid UTF-8, leading space kept
  size_t begin = 0;  // indices into the run, half-open
  size_t end = 0;
};

class Tokenizer {
 public:
  // Reads tokenizer.json from a model directory. Errors: kNotFound, kCorruptModel.
  static Result<Tokenizer> Open(const std::filesystem::path& model_directory);

  // Errors: kCorruptModel, for anything that is not a Whisper tokenizer.
  static Result<Tokenizer> Parse(std::string_view tokenizer_json);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  const SpecialTokens& special() const;
  bool is_multilingual() const;  // the .en models have no language or task tokens in their prompt
  int32_t size() const;          // one past the largest id

  // BPE of ordinary text; special tokens in it are not recognised. Invalid UTF-8 is replaced first.
  std::vector<int32_t> Encode(std::string_view text) const;

  // The bytes of a run's text tokens, special and timestamp tokens left out; bytes that are no
  // valid UTF-8 become U+FFFD, so a character spread over several tokens comes out whole and a half
  // one visibly not.
  std::string Decode(std::span<const int32_t> tokens) const;

  // The raw bytes of one text token (may be part of a character); empty for special tokens and ids
  // out of range.
  std::string_view TokenBytes(int32_t token) const;

  // "en" <-> <|en|>; none for languages that the model does not have.
  std::optional<int32_t> LanguageToken(std::string_view code) const;
  std::optional<std::string_view> LanguageCode(int32_t token) const;
  std::vector<int32_t> language_tokens() const;  // ascending

  // Splits text tokens (no specials) into words; punctuation is a part of its neighbour: opening
  // marks cling to the next word, closing ones to the one before. Languages without spaces (zh, ja,
  // th, lo, my, yue) split by character. A word never ends inside a character. Every token is in
  // exactly one word. Source: Radford et al. 2022, reference implementation `timing.py` (behaviour,
  // not code).
  std::vector<WordTokens> SplitWords(std::span<const int32_t> tokens,
                                     std::string_view language) const;

 private:
  struct Data;
  explicit Tokenizer(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

// The 100 languages Whisper knows: code -> English name ("de" -> "german"); also accepts names.
// None if unknown.
std::optional<std::string_view> LanguageName(std::string_view code);
std::optional<std::string_view> LanguageCodeOf(
    std::string_view code_or_name);  // "German" -> "de", "de" -> "de"
std::vector<std::string_view> LanguageCodes();

}  // namespace verbatim::whisper
