// Text -> tokens by byte-pair encoding: the text is cut into pieces (words with their space,
// numbers, marks), and in each piece the neighbours of lowest rank are merged until none are left.
// Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "whisper/impl/vocabulary.h"

namespace verbatim::whisper {

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
