// Audio -> probability of speech: Silero VAD v6, its forward pass on our own code. One detector
// follows one stream: it carries the LSTM state and 64 samples of context from block to block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/error.h"

namespace verbatim::vad {

inline constexpr size_t kVadBlock = 512;  // samples per probability: 32 ms

// Multiplications and additions of a probability by the published network's layers: Fourier
// transform, four convolutions, LSTM.
inline constexpr uint64_t kVadBlockOperations =
    2 * (4 * 258 * 256 + 4 * 128 * 129 * 3 + 2 * 64 * 128 * 3 + 64 * 64 * 3 + 128 * 64 * 3 +
         4 * 128 * (128 + 128));

// The weights, immutable and shared by all detectors.
class SileroModel;

// The weights that travel inside the binary. They are checked by a test, so this cannot fail.
std::shared_ptr<const SileroModel> BuiltInSilero();

// Reads weights in safetensors form. Errors: kCorruptModel.
Result<std::shared_ptr<const SileroModel>> ParseSilero(std::span<const std::byte> safetensors);

class SpeechDetector {
 public:
  explicit SpeechDetector(std::shared_ptr<const SileroModel> model);
  ~SpeechDetector();
  SpeechDetector(SpeechDetector&&) noexcept;
  SpeechDetector& operator=(SpeechDetector&&) noexcept;

  // The probability (0..1) that the block holds speech.
  // Shape: exactly 512 samples; pad the last block of a stream with zeros. Unit: f32 in [-1, 1], 16
  // kHz. Thread: one caller at a time. Does not allocate. Source: Silero VAD 6.2.3 (MIT), 16 kHz
  // model.
  float Push(std::span<const float, kVadBlock> samples);

  // Forgets the stream: state and context as at the start.
  void Reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace verbatim::vad
