// Audio -> log-mel spectrogram, the encoder's input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace verbatim::whisper {

inline constexpr size_t kMelFrames = 3000;        // 30 s
inline constexpr size_t kWindowSamples = 480000;  // 30 s

// Multiplications and additions of a frame, about: a real Fourier transform of 400 samples (2.5 N
// log2 N), its power, and filters of which each bin has two.
inline constexpr uint64_t kMelFrameOperations = 8600 + 3 * 201 + 2 * 2 * 201;

// One transformer per thread: it owns its scratch and does not allocate per call.
class MelSpectrogram {
 public:
  explicit MelSpectrogram(size_t mels);  // 80, or 128 for large-v3
  ~MelSpectrogram();
  MelSpectrogram(MelSpectrogram&&) noexcept;
  MelSpectrogram& operator=(MelSpectrogram&&) noexcept;

  // Shape: samples at most 480,000 (the rest counts as zeros); mel `[mels, 3000]`, row-major.
  // Unit: mel values are log10 power, clamped to 8 below the window's loudest, then (x + 4) / 4.
  // Source: Radford et al. 2022, section 2.2: Hann window of 400, hop 160, centred with reflection,
  // Slaney mel filters.
  void Compute(std::span<const float> samples, std::span<float> mel);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace verbatim::whisper
