// Byte-pair encoding: the vocabulary as a tokenizer.json of the Hugging Face "tokenizers" format
// holds it, read and checked, and text -> tokens by its merges. Knows the file and the encoding,
// not Whisper; the file may be hostile.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace verbatim::whisper {

// Two neighbouring tokens that become one; a merge's place in the list is its rank, lowest first.
struct Merge {
  int32_t left = 0;
  int32_t right = 0;
  int32_t result = 0;
};

struct Vocabulary {
  std::vector<std::string> token_bytes;                   // by id; empty where the file has none
  std::array<int32_t, 256> byte_tokens{};                 // the token of each single byte
  std::vector<Merge> merges;                              // by rank
  std::map<std::string, int32_t, std::less<>> named_ids;  // tokens that look like <|this|>
};

// Errors: kCorruptModel with what is wrong, for anything but a byte-level BPE vocabulary.
// Source: Radford et al. 2019 (GPT-2), section 2.2, for the alphabet of bytes.
Result<Vocabulary> ParseVocabulary(std::string_view tokenizer_json);

// Text -> tokens: the text is cut into pieces (words with their space, numbers, marks), and in each
// piece the neighbours of lowest rank are merged until none are left. Immutable; any thread.
class BytePairEncoder {
 public:
  // Errors: kInternal if the regular expression library lacks Unicode.
  static Result<BytePairEncoder> Make(const Vocabulary& vocabulary);

  BytePairEncoder(BytePairEncoder&&) noexcept;
  BytePairEncoder& operator=(BytePairEncoder&&) noexcept;
  ~BytePairEncoder();

  // The text must be valid UTF-8. Takes time n log n in the longest piece.
  // Source: Radford et al. 2019 (GPT-2), section 2.2.
  std::vector<int32_t> Encode(std::string_view text) const;

 private:
  struct Pattern;
  struct Rule {
    int32_t rank = 0;
    int32_t result = 0;
  };

  explicit BytePairEncoder(std::unique_ptr<Pattern> pattern);
  const Rule* FindRule(int32_t left, int32_t right) const;
  void AppendPiece(std::string_view piece, std::vector<int32_t>& tokens) const;

  std::unique_ptr<Pattern> pattern_;
  std::array<int32_t, 256> byte_tokens_{};
  std::unordered_map<uint64_t, Rule> rules_;  // by PairKey
};

}  // namespace verbatim::whisper
