// Lifts faint audio to a loudness at which the speech detector hears it. Recordings at a few
// hundredths of full scale are common, and below about 0.03 the detector misses more and more of
// them, noisy ones first. Only the detector's copy of the audio is changed, and only while the
// stream is faint: louder streams pass through as they are.
#pragma once

#include <array>
#include <span>

#include "vad/speech_detector.h"

namespace verbatim::vad {

class GainControl {
 public:
  // The block, louder if the stream has been faint up to its end: its peak, which fades by half in
  // 7 s, is lifted to a tenth of full scale, by at most 300. Depends on the stream alone, not on
  // how fast it comes. Shape: 512 samples; the result is valid until the next call. Unit: f32 in
  // [-1, 1], 16 kHz. Thread: one caller at a time. Does not allocate.
  std::span<const float, kVadBlock> Apply(std::span<const float, kVadBlock> samples);

 private:
  float peak_ = 0;
  std::array<float, kVadBlock> louder_{};
};

}  // namespace verbatim::vad
