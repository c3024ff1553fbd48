#include "whisper/audio_positions.h"

#include <algorithm>

namespace verbatim::whisper {
namespace {

constexpr size_t kSamplesPerPosition = 320;

// Silence that is computed one by one: 2 s. Over 1000 s of speech, `base` then changes one word in
// 1000 against all 1500 positions, and one in 270 with 1 s.
constexpr size_t kMargin = 100;

}  // namespace

AudioPositions AudioPositions::For(size_t samples) {
  const size_t audio = (samples + kSamplesPerPosition - 1) / kSamplesPerPosition;
  const size_t needed = std::min(audio + kMargin, kWindow);
  const size_t sampled = (kWindow - needed) / kGroup;
  return {kWindow - sampled * kGroup, sampled};
}

}  // namespace verbatim::whisper
