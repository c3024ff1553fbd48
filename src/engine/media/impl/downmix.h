// Two channels to one. Normally the average; but where the channels cancel each other (one is the
// other's inverse, as a wrongly wired microphone makes it), the louder channel alone, so that
// speech is never averaged away.
#pragma once

#include <span>

namespace verbatim::media {

// The choice runs on energies smoothed over a quarter of a second, with hysteresis, and changes
// over within 10 ms. It depends on the samples alone, not on how they are cut into calls.
class Downmix {
 public:
  // Replaces `left` by the mono signal.
  // Shape: both of one length. Unit: samples at 16 kHz.
  void Mix(std::span<float> left, std::span<const float> right);

 private:
  void Choose();

  float left_energy_ = 0;
  float right_energy_ = 0;
  float average_energy_ = 0;
  float left_share_ = 0.5F;  // the running mix, always left_share_ + right_share_ = 1
  float left_target_ = 0.5F;
};

}  // namespace verbatim::media
