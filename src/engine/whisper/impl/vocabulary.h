// A tokenizer.json of the Hugging Face "tokenizers" format, read and checked: the bytes of every
// token, the merges by rank, and the named tokens such as <|en|>. Knows the file, not Whisper; the
// file may be hostile.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
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

}  // namespace verbatim::whisper
