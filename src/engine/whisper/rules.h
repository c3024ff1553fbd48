// Decoding rules: each looks at what a hypothesis holds so far and forbids tokens, by setting their
// logits to minus infinity. Small, pure and independent, so each has its own test; the search
// applies them in order.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "whisper/tokenizer.h"

namespace verbatim::whisper {

// Forbids a fixed list of tokens, always: sounds, brackets, specials (config.json's suppress_ids
// plus the specials that may never be generated).
class SuppressTokens {
 public:
  explicit SuppressTokens(std::vector<int32_t> tokens) : tokens_(std::move(tokens)) {}
  // To zeros this makes a mask, which may be added to logits instead.
  void Apply(std::span<float> logits) const;

 private:
  std::vector<int32_t> tokens_;
};

// Forbids ending or a blank as the very first token (config.json's suppress_ids_begin).
class SuppressBlank {
 public:
  explicit SuppressBlank(std::vector<int32_t> tokens) : tokens_(std::move(tokens)) {}
  void Apply(std::span<const int32_t> generated, std::span<float> logits) const;

 private:
  std::vector<int32_t> tokens_;
};

// Timestamps come in pairs, never run backwards, begin within the first second, and win over text
// if together they are more likely than the likeliest text token. Source: Radford et al. 2022,
// reference implementation `decoding.py`: ApplyTimestampRules (behaviour, not code).
class TimestampRules {
 public:
  TimestampRules(const SpecialTokens& special, int32_t initial_timestamp_max = 50)
      : special_(special), initial_timestamp_max_(initial_timestamp_max) {}
  void Apply(std::span<const int32_t> generated, std::span<float> logits) const;

 private:
  SpecialTokens special_;
  int32_t initial_timestamp_max_;  // in steps of 20 ms
};

// How often zlib makes the text smaller: size / compressed size. Above 2.4 it is most likely a
// loop. 0 for empty text.
float CompressionRatio(std::string_view text);

}  // namespace verbatim::whisper
