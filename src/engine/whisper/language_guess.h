// What the model takes a window's language for.
#pragma once

#include <cstdint>

namespace verbatim::whisper {

struct LanguageGuess {
  int32_t token = 0;      // <|en|> ...
  float probability = 0;  // among all languages

  friend bool operator==(const LanguageGuess&, const LanguageGuess&) = default;
};

}  // namespace verbatim::whisper
