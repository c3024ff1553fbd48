#include "vad/gain_control.h"

#include <algorithm>
#include <cmath>

namespace verbatim::vad {
namespace {

constexpr float kPeakWanted = 0.1F;
constexpr float kGainMax = 300;
constexpr float kFading = 0.997F;  // per block of 32 ms: by half in 7 s

}  // namespace

std::span<const float, kVadBlock> GainControl::Apply(std::span<const float, kVadBlock> samples) {
  peak_ *= kFading;
  for (const float sample : samples) {
    if (const float size = std::abs(sample); size > peak_ && std::isfinite(size)) peak_ = size;
  }
  if (peak_ >= kPeakWanted) return samples;
  // Written so that silence, whose peak is zero, needs no case of its own.
  const float gain = kPeakWanted / std::max(peak_, kPeakWanted / kGainMax);
  std::ranges::transform(samples, louder_.begin(), [&](float sample) { return sample * gain; });
  return louder_;
}

}  // namespace verbatim::vad
