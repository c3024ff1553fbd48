// Which of a window's 1500 positions are computed. Behind the audio a window is filled up with
// silence, whose positions differ in nothing but their place: there only one of each group is
// computed, and attention counts it for all of them. So a short clip costs about its own length and
// the model still hears the whole window.
#pragma once

#include <algorithm>
#include <cstddef>

namespace verbatim::whisper {

struct AudioPositions {
  size_t exact = 0;    // positions [0, exact) are computed one by one
  size_t sampled = 0;  // then one in each kGroup, which together reach the window's end

  static constexpr size_t kWindow = 1500;
  static constexpr size_t kGroup = 16;  // positions that one in the silence stands for

  // Silence that is computed one by one: 2 s. In 1000 s of speech `base` then changes one word in
  // 1000 against all 1500 positions, and one in 270 with 1 s.
  static constexpr size_t kMargin = 100;

  // All of them.
  static AudioPositions All() { return {kWindow, 0}; }

  // For a window with this much audio at its start. Unit: samples of 16 kHz.
  static AudioPositions For(size_t samples) {
    constexpr size_t kSamples = 320;  // of a position
    const size_t needed = std::min((samples + kSamples - 1) / kSamples + kMargin, kWindow);
    const size_t sampled = (kWindow - needed) / kGroup;
    return {kWindow - sampled * kGroup, sampled};
  }

  size_t count() const { return exact + sampled; }

  // Where in the window a computed position lies.
  size_t At(size_t index) const {
    return index < exact ? index : exact + (index - exact) * kGroup + kGroup / 2;
  }

  friend bool operator==(const AudioPositions&, const AudioPositions&) = default;
};

}  // namespace verbatim::whisper
