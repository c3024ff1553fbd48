#include "media/impl/downmix.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace verbatim::media {
namespace {

constexpr float kSmoothing = 1.0F / 4000;  // a quarter of a second at 16 kHz
constexpr float kShareStep = 0.5F / 160;   // from average to one channel in 10 ms
constexpr float kEnergyMin = 1e-9F;        // -90 dB: below it there is nothing to cancel
constexpr float kCancelledBelow =
    0.05F;  // average 13 dB under the louder channel; unlike channels lose 3 to 6 dB
constexpr float kRestoredAbove = 0.15F;

}  // namespace

void Downmix::Mix(std::span<float> left, std::span<const float> right) {
  DCHECK(left.size() == right.size());
  for (size_t i = 0; i < left.size(); ++i) {
    const float average = 0.5F * (left[i] + right[i]);
    left_energy_ += kSmoothing * (left[i] * left[i] - left_energy_);
    right_energy_ += kSmoothing * (right[i] * right[i] - right_energy_);
    average_energy_ += kSmoothing * (average * average - average_energy_);
    Choose();
    if (left_share_ == 0.5F && left_target_ == 0.5F) {
      left[i] = average;
      continue;
    }
    left_share_ += std::clamp(left_target_ - left_share_, -kShareStep, kShareStep);
    left[i] = left_share_ * left[i] + (1 - left_share_) * right[i];
  }
}

void Downmix::Choose() {
  const float loudest = std::max(left_energy_, right_energy_);
  if (left_target_ != 0.5F) {
    if (average_energy_ > kRestoredAbove * loudest) left_target_ = 0.5F;
    return;
  }
  if (loudest > kEnergyMin && average_energy_ < kCancelledBelow * loudest) {
    left_target_ = left_energy_ >= right_energy_ ? 1.0F : 0.0F;
  }
}

}  // namespace verbatim::media
