// Power spectra of short frames of sound, several frames at a time: a frame is a lane of the
// vectors, so that the transform has no shuffles. One table of functions per instruction set. A
// frame's result does not depend on the frames beside it.
#pragma once

#include <cstddef>

#include "kernels/cpu.h"

namespace verbatim::kernels {

inline constexpr size_t kMelFft = 400;  // samples of a frame of Whisper's spectrogram
inline constexpr size_t kMelGroup = 16;
inline constexpr size_t kVadFft = 256;  // samples of a frame of the speech detector
inline constexpr size_t kVadGroup = 4;

// What a transform of kSize samples needs.
template <size_t kSize>
struct SpectrumTables {
  float window[kSize];    // a periodic Hann window
  float turns[kSize][2];  // cosine and minus sine of 2 pi i / kSize
};
SpectrumTables<kMelFft> MakeMelTables();
SpectrumTables<kVadFft> MakeVadTables();

// A weighted sum of neighbouring bins.
struct SpectrumBand {
  size_t first_bin = 0;
  size_t bins = 0;
  const float* weights = nullptr;
};

struct SpectrumKernels {
  // The squared magnitudes of the discrete Fourier transforms of windowed frames. `frames` points
  // to the first samples of kMelGroup frames of kMelFft. Shape: power [201][16 frames].
  void (*mel_power)(const SpectrumTables<kMelFft>& tables, const float* const* frames,
                    float* power);

  // The same for kVadGroup frames of kVadFft. Shape: power [129][4 frames].
  void (*vad_power)(const SpectrumTables<kVadFft>& tables, const float* const* frames,
                    float* power);

  // The decimal logarithms, to about 1e-7, of the bands' sums or of 1e-10, if that is more.
  // Shape: power as mel_power writes it; logs [bands][16 frames].
  void (*band_logs)(const SpectrumBand* bands, size_t count, const float* power, float* logs);
};

// The table of a set. The set must be supported: a CHECK.
const SpectrumKernels& SpectrumKernelsFor(InstructionSet set);

}  // namespace verbatim::kernels
