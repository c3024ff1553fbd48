#include "whisper/rules.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace verbatim::whisper {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

// Forbids the ids of `[begin, end)` as far as there are logits for them.
void Forbid(int64_t begin, int64_t end, std::span<float> logits) {
  const auto size = static_cast<int64_t>(logits.size());
  const int64_t first = std::clamp<int64_t>(begin, 0, size);
  const int64_t last = std::clamp<int64_t>(end, first, size);
  std::fill(logits.begin() + first, logits.begin() + last, kForbidden);
}

void ForbidEach(std::span<const int32_t> tokens, std::span<float> logits) {
  for (const int32_t token : tokens) {
    if (token >= 0 && static_cast<size_t>(token) < logits.size()) {
      logits[static_cast<size_t>(token)] = kForbidden;
    }
  }
}

// Sixteen running maxima instead of one, so the comparisons do not wait for each other and fit
// vector registers.
float Largest(std::span<const float> values) {
  constexpr size_t kLanes = 16;
  std::array<float, kLanes> largest;
  largest.fill(kForbidden);
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float value = values[i + lane];
      largest[lane] = value > largest[lane] ? value : largest[lane];
    }
  }
  for (; i < values.size(); ++i) largest[0] = std::max(largest[0], values[i]);
  return *std::ranges::max_element(largest);
}

// Whether the timestamps together are likelier than the likeliest text token:
// log(sum(exp(timestamps))) > max(text). The sum lies between its largest term and as many times
// that term as there are, which settles most cases without it.
bool TimestampsWin(std::span<const float> timestamps, std::span<const float> text) {
  const float largest = Largest(timestamps);
  const float text_largest = Largest(text);
  if (largest == kForbidden) return false;
  if (largest > text_largest) return true;
  if (largest + std::log(static_cast<float>(timestamps.size())) < text_largest) return false;
  float sum = 0;
  for (const float value : timestamps)
    sum += value == kForbidden ? 0.0f : std::exp(value - largest);
  return largest + std::log(sum) > text_largest;
}

}  // namespace

void SuppressTokens::Apply(std::span<float> logits) const { ForbidEach(tokens_, logits); }

void SuppressBlank::Apply(std::span<const int32_t> generated, std::span<float> logits) const {
  if (generated.empty()) ForbidEach(tokens_, logits);
}

void TimestampRules::Apply(std::span<const int32_t> generated, std::span<float> logits) const {
  const int32_t begin = special_.timestamp_begin;
  const auto vocabulary_size = static_cast<int32_t>(logits.size());
  const auto is_timestamp = [begin](int32_t token) { return token >= begin; };
  Forbid(special_.no_timestamps, special_.no_timestamps + 1, logits);

  if (generated.empty()) {
    Forbid(0, begin, logits);
    Forbid(int64_t{begin} + initial_timestamp_max_ + 1, vocabulary_size, logits);
  } else {
    // A lone first timestamp counts as the second of a pair: text has to follow it.
    const bool ends_in_timestamp = is_timestamp(generated.back());
    const bool ends_in_pair = ends_in_timestamp && (generated.size() < 2 ||
                                                    is_timestamp(generated[generated.size() - 2]));
    const bool is_half_pair = ends_in_timestamp && !ends_in_pair;
    if (ends_in_pair) Forbid(begin, vocabulary_size, logits);
    if (is_half_pair) Forbid(0, special_.end_of_text, logits);
    const auto last = std::find_if(generated.rbegin(), generated.rend(), is_timestamp);
    if (last != generated.rend()) {
      // Only the second half of a pair may repeat its time: every segment of text gets a length, or
      // it could loop.
      Forbid(begin, is_half_pair ? *last : int64_t{*last} + 1, logits);
    }
  }

  if (begin >= vocabulary_size) return;
  const auto text_size = static_cast<size_t>(std::max(begin, 0));
  if (TimestampsWin(logits.subspan(text_size), logits.first(text_size))) Forbid(0, begin, logits);
}

float CompressionRatio(std::string_view text) {
  if (text.empty()) return 0;
  uLongf compressed_size = compressBound(static_cast<uLong>(text.size()));
  std::string compressed(compressed_size, '\0');
  const int status = compress2(reinterpret_cast<Bytef*>(compressed.data()), &compressed_size,
                               reinterpret_cast<const Bytef*>(text.data()),
                               static_cast<uLong>(text.size()), Z_DEFAULT_COMPRESSION);
  if (status != Z_OK) return 0;  // only for lack of memory
  return static_cast<float>(text.size()) / static_cast<float>(compressed_size);
}

}  // namespace verbatim::whisper
