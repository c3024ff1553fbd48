// A token run -> words, seen as bytes alone: no vocabulary needed.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "whisper/tokenizer.h"

namespace verbatim::whisper {

enum class WordBorder {
  kSpace,      // a word begins with a space or is a mark
  kCharacter,  // every character that ends with a token is a word
};

// Splits as Tokenizer::SplitWords says; `tokens` are the bytes of each token.
std::vector<WordTokens> SplitTokenBytes(std::span<const std::string_view> tokens,
                                        WordBorder border);

}  // namespace verbatim::whisper
