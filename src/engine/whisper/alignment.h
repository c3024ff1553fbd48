// Cross-attention weights -> when each token was said. Works on the weights of the model's
// alignment heads, gathered by the decoder while the accepted text is fed through it once more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/vector.h"

namespace verbatim::whisper {

// Weights of one window.
// Shape: values [heads, context_rows + tokens + trailing_rows, frames_max]; each row is a softmax
// over all frames_max positions. Of the `tokens` rows in the middle, row i is the decoder position
// that predicts text token i; the last of them predicts the end of the text. The others only take
// part in the standardisation. Unit: a frame is 20 ms; only the first `frames` hold audio.
struct AlignmentWeights {
  std::span<const float> values;
  size_t heads = 0;
  size_t tokens = 0;  // text tokens + 1
  size_t frames = 0;
  size_t frames_max = 1500;
  size_t trailing_rows =
      0;  // 1 if the end of the text was fed through the decoder too, as the reference does
};

// The frame at which each row begins: result[i] is where text token i begins, result[tokens - 1]
// where the text ends. Shape: [tokens], not decreasing, each in [0, frames); the first is 0. Steps:
// rows renormalised over the true frames, each frame's column standardised over all rows given, a
// median filter of 7 over frames, the mean over heads, dynamic time warping of its negative.
// `context_rows`: how many of the first rows (the prompt's) take part in the standardisation but
// not in the warping; the rows described above follow them (tokens counts only those). Source:
// Radford et al. 2022, reference implementation `timing.py`: find_alignment (behaviour, not code).
std::vector<int32_t> AlignTokens(
    const AlignmentWeights& weights, size_t context_rows,
    const kernels::VectorKernels& kernels = kernels::KernelsFor(kernels::InstructionSet::kPlain));

}  // namespace verbatim::whisper
