// The arithmetic of Silero VAD for one block, from the spectra of its frames on: weights as the
// loops want them, scratch, and the pass itself.
//
// Every layer's weights lie as [tile][input][tap][output in tile], so that the innermost loop is a
// multiply-add over neighbouring outputs, whose sums stay in registers, and memory is read once and
// in order. Taps that would only ever meet the padding are not kept.
#pragma once

#include <cstddef>

namespace verbatim::vad {

inline constexpr size_t kVadContext = 64;                      // samples of the block before
inline constexpr size_t kVadInput = 512 + kVadContext;         // 576
inline constexpr size_t kVadReflect = 64;                      // mirrored samples at the end
inline constexpr size_t kVadPadded = kVadInput + kVadReflect;  // 640
inline constexpr size_t kVadHop = 128;
inline constexpr size_t kVadFrames = 4;
inline constexpr size_t kVadBins = 129;
inline constexpr size_t kVadTile = 32;    // outputs summed together in two vectors
inline constexpr size_t kVadWidth = 128;  // channels of the first and last layers and of the LSTM
inline constexpr size_t kVadNarrow = 64;  // channels of the middle layers
inline constexpr size_t kVadGates = 4 * kVadWidth;  // input, forget, cell, output

struct SileroWeights {
  alignas(64) float first[kVadWidth * kVadBins * 3];     // [4 tiles][129][3 taps][32]
  alignas(64) float second[kVadNarrow * kVadWidth * 3];  // [2 tiles][128][3 taps][32]
  alignas(64) float third[kVadNarrow * 2 * kVadNarrow];  // [2 frames * 64 inputs][64]; the tap
                                                         // before the first frame left out
  alignas(64) float fourth[kVadWidth * kVadNarrow];      // [64][128]; the middle tap
  alignas(64) float gates[kVadGates * 2 *
                          kVadWidth];  // [4 gates][128 inputs, then 128 of the state][128]
  alignas(64) float first_bias[kVadWidth];
  alignas(64) float second_bias[kVadNarrow];
  alignas(64) float third_bias[kVadNarrow];
  alignas(64) float fourth_bias[kVadWidth];
  alignas(64) float gates_bias[kVadGates];
  alignas(64) float last[kVadWidth];
  float last_bias;
};

struct SileroState {
  alignas(64) float samples[kVadPadded];               // context, block, reflection
  alignas(64) float power[kVadBins * kVadFrames];      // [bin][frame], of the samples
  alignas(64) float magnitude[kVadBins * kVadFrames];  // [bin][frame]
  alignas(64) float first[kVadWidth * kVadFrames];     // [channel][frame]
  alignas(64) float second[2 * kVadNarrow];            // [frame][channel]
  alignas(64) float third[kVadNarrow];
  alignas(
      64) float lstm_input[2 * kVadWidth];  // the fourth layer's output, then the state `hidden`
  alignas(64) float gates[kVadGates];
  alignas(64) float cell[kVadWidth];
};

// The instructions that the pass can be compiled for; the sums differ by rounding only.
enum class SileroSet { kPortable, kAvx2, kAvx512 };

// Whether this CPU has the set's instructions.
bool SileroSetWorks(SileroSet set);
SileroSet BestSileroSet();

// Runs the network on state.power and moves the LSTM one step. The set must work here.
// Unit: a probability, 0..1.
float SileroForward(SileroSet set, const SileroWeights& weights, SileroState& state);

}  // namespace verbatim::vad
