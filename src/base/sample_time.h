// The product's clock: positions and lengths in the audio, counted in samples of 16 kHz. 1 ms = 16,
// a mel frame = 160, a Whisper timestamp step = 320. Times are never floating point; writers round
// to milliseconds once.
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

namespace verbatim {

using SampleTime = std::chrono::duration<int64_t, std::ratio<1, 16000>>;

inline constexpr int64_t kSampleRate = 16000;
inline constexpr SampleTime kMelFrame{160};
inline constexpr SampleTime kTimestampStep{320};
inline constexpr SampleTime kWindowLengthMax{30 * kSampleRate};

// Unit: whole milliseconds, rounded to the nearest (halves up).
constexpr int64_t ToMilliseconds(SampleTime time) {
  const int64_t shifted = time.count() + 8;
  return shifted >= 0 ? shifted / 16 : -((-shifted + 15) / 16);
}

// Unit: seconds, for speeds and progress only; never for positions that are computed on.
constexpr double ToSeconds(SampleTime time) {
  return static_cast<double>(time.count()) / static_cast<double>(kSampleRate);
}

}  // namespace verbatim
