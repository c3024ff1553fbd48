// Decoded frames of any format to one or two planes of 16 kHz floats. More than two channels are
// folded to stereo at the levels of their layout; samples that are no numbers become silence before
// they can spread through the filter.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "media/impl/libav.h"

namespace verbatim::media {

class Resampler {
 public:
  // A view of the last result. Shape: [samples] each; `right` is empty for mono.
  struct Planes {
    std::span<float> left;
    std::span<float> right;
  };

  bool Accepts(const AVFrame& frame) const;

  // Makes ready for frames like this one; what was inside is lost.
  // Errors: kCorruptMedia (absurd rate or channel count), kUnsupportedMedia.
  Result<void> Configure(const AVFrame& frame);

  // Resamples one frame; samples may be changed in place.
  // Errors: kCorruptMedia.
  Result<Planes> Convert(AVFrame& frame);

  // The end of the signal, which the filter still holds; afterwards it starts anew.
  Result<Planes> Drain();

 private:
  Result<Planes> Run(const uint8_t** data, int count);

  ResamplerHandle context_;
  int sample_rate_ = 0;
  int format_ = -1;
  int input_channels_ = 0;
  uint64_t input_mask_ = 0;
  int output_channels_ = 1;
  std::vector<float> left_;
  std::vector<float> right_;
};

}  // namespace verbatim::media
