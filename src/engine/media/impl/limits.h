// What one file may be, at most. Beyond it a file is no recording.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/sample_time.h"

namespace verbatim::media {

// Streams of a container that are looked at, of every kind: recordings of a whole transponder have
// more than a hundred.
inline constexpr int kStreamsMax = 256;
// Audio tracks that can be chosen.
inline constexpr size_t kTracksMax = 64;
// Longer claims of a container are nonsense.
inline constexpr SampleTime kDurationMax = std::chrono::hours(24 * 7);
// Stretches of damage that are told apart.
inline constexpr size_t kDamagesMax = 1000;

// The time up to which a file of that size can have sound: the thinnest codecs take far more than a
// byte per second, and silence that a timestamp makes is bounded where it is made.
inline SampleTime SoundEndMax(uint64_t size_bytes) {
  constexpr SampleTime kAlways = std::chrono::hours(3);
  constexpr uint64_t kBytesMax = uint64_t{1} << 45;
  return kAlways + std::chrono::seconds(size_bytes < kBytesMax ? size_bytes : kBytesMax);
}

}  // namespace verbatim::media
