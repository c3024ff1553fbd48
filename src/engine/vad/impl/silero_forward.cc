// Plain loops over short vectors, compiled once per instruction set and chosen when the program
// starts; no intrinsics.
#include "vad/impl/silero_forward.h"

#include <cstdint>

// The loader picks the clone before a sanitizer's run time is up, so those builds keep the portable
// one.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VERBATIM_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VERBATIM_CLONES
#endif
#define VERBATIM_INLINE [[gnu::always_inline]] inline

namespace verbatim::vad {
namespace {

typedef float Vector __attribute__((vector_size(64), aligned(64), may_alias));
typedef int32_t Integers __attribute__((vector_size(64), aligned(64), may_alias));

constexpr size_t kLanes = sizeof(Vector) / sizeof(float);
constexpr size_t kTileVectors = kVadTile / kLanes;

// Values smaller than this count as zero, so that no product of theirs becomes a denormal, which is
// slow.
constexpr float kTiny = 1e-12F;

VERBATIM_INLINE const Vector* Vectors(const float* values) {
  return reinterpret_cast<const Vector*>(values);
}
VERBATIM_INLINE Vector* Vectors(float* values) { return reinterpret_cast<Vector*>(values); }

VERBATIM_INLINE float Flush(float value) { return value < kTiny && value > -kTiny ? 0.0F : value; }

VERBATIM_INLINE float Relu(float value) { return value > 0.0F ? value : 0.0F; }

// e^x for |x| <= 60, to about 1e-7 of its value: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2].
VERBATIM_INLINE void Exp(Vector& x) {
  const Vector turns = x * 1.44269504F;
  const Integers whole =
      __builtin_convertvector(turns + 127.5F, Integers);  // rounds, and biases the exponent
  const Vector count = __builtin_convertvector(whole - 127, Vector);
  const Vector rest = (x - count * 0.693359375F) + count * 2.12194440e-4F;
  Vector sum = rest * 1.9875691500e-4F + 1.3981999507e-3F;
  sum = sum * rest + 8.3334519073e-3F;
  sum = sum * rest + 4.1665795894e-2F;
  sum = sum * rest + 1.6666665459e-1F;
  sum = sum * rest + 5.0000001201e-1F;
  sum = sum * rest * rest + rest + 1.0F;
  x = sum * reinterpret_cast<Vector>(whole << 23);
}

VERBATIM_INLINE void Sigmoid(Vector& x) {
  x = x < -30.0F ? Vector{} - 30.0F : x;
  x = x > 30.0F ? Vector{} + 30.0F : x;
  x = -x;
  Exp(x);
  x = 1.0F / (1.0F + x);
}

VERBATIM_INLINE void Tanh(Vector& x) {
  x = x * 2.0F;
  Sigmoid(x);
  x = x * 2.0F - 1.0F;
}

// One step of a dense layer's tile: outputs[0 .. width) = bias + inputs * weights[inputs][width].
template <size_t kWidth>
VERBATIM_INLINE void Dense(const float* weights, const float* bias, const float* inputs,
                           size_t input_count, float* outputs) {
  constexpr size_t kVectors = kWidth / kLanes;
  Vector sums[kVectors];
  for (size_t v = 0; v < kVectors; ++v) sums[v] = Vectors(bias)[v];
  const Vector* row = Vectors(weights);
  for (size_t i = 0; i < input_count; ++i, row += kVectors) {
    for (size_t v = 0; v < kVectors; ++v) sums[v] += inputs[i] * row[v];
  }
  for (size_t v = 0; v < kVectors; ++v) Vectors(outputs)[v] = sums[v];
}

VERBATIM_CLONES void Spectrum(const float* weights, const float* samples, float* spectrum) {
  for (size_t tile = 0; tile < kVadSpectrum / kVadTile; ++tile) {
    Vector sums[kVadFrames][kTileVectors] = {};
    const Vector* row = Vectors(weights + tile * kVadTile * kVadFft);
    for (size_t i = 0; i < kVadFft; ++i, row += kTileVectors) {
      for (size_t frame = 0; frame < kVadFrames; ++frame) {
        const float sample = samples[frame * kVadHop + i];
        for (size_t v = 0; v < kTileVectors; ++v) sums[frame][v] += sample * row[v];
      }
    }
    for (size_t frame = 0; frame < kVadFrames; ++frame) {
      for (size_t v = 0; v < kTileVectors; ++v) {
        Vectors(spectrum + frame * kVadSpectrum + tile * kVadTile)[v] = sums[frame][v];
      }
    }
  }
}

// Shape: spectrum [frame][row] -> magnitude [bin][frame].
VERBATIM_CLONES void Magnitude(const float* spectrum, float* magnitude) {
  for (size_t frame = 0; frame < kVadFrames; ++frame) {
    const float* cosine = spectrum + frame * kVadSpectrum;
    for (size_t bin = 0; bin < kVadBins; ++bin) {
      const float real = Flush(cosine[bin]);
      const float imaginary = Flush(cosine[kVadBins + bin]);
      magnitude[bin * kVadFrames + frame] = __builtin_sqrtf(real * real + imaginary * imaginary);
    }
  }
}

// Kernel 3, stride 1, one frame of padding on both sides: 4 frames -> 4 frames.
VERBATIM_CLONES void First(const SileroWeights& weights, const float* magnitude, float* outputs) {
  for (size_t tile = 0; tile < kVadWidth / kVadTile; ++tile) {
    Vector sums[kVadFrames][kTileVectors];
    for (size_t frame = 0; frame < kVadFrames; ++frame) {
      for (size_t v = 0; v < kTileVectors; ++v) {
        sums[frame][v] = Vectors(weights.first_bias + tile * kVadTile)[v];
      }
    }
    const Vector* row = Vectors(weights.first + tile * kVadTile * kVadBins * 3);
    for (size_t bin = 0; bin < kVadBins; ++bin, row += 3 * kTileVectors) {
      const float* in = magnitude + bin * kVadFrames;
      for (size_t tap = 0; tap < 3; ++tap) {
        for (size_t frame = 0; frame < kVadFrames; ++frame) {
          if (frame + tap < 1 || frame + tap > kVadFrames) continue;
          for (size_t v = 0; v < kTileVectors; ++v) {
            sums[frame][v] += in[frame + tap - 1] * row[tap * kTileVectors + v];
          }
        }
      }
    }
    for (size_t frame = 0; frame < kVadFrames; ++frame) {
      for (size_t c = 0; c < kVadTile; ++c) {
        outputs[(tile * kVadTile + c) * kVadFrames + frame] =
            Relu(sums[frame][c / kLanes][c % kLanes]);
      }
    }
  }
}

// Kernel 3, stride 2, one frame of padding: 4 frames -> 2 frames.
VERBATIM_CLONES void Second(const SileroWeights& weights, const float* inputs, float* outputs) {
  for (size_t tile = 0; tile < kVadNarrow / kVadTile; ++tile) {
    Vector sums[2][kTileVectors];
    for (size_t v = 0; v < kTileVectors; ++v) {
      sums[0][v] = sums[1][v] = Vectors(weights.second_bias + tile * kVadTile)[v];
    }
    const Vector* row = Vectors(weights.second + tile * kVadTile * kVadWidth * 3);
    for (size_t channel = 0; channel < kVadWidth; ++channel, row += 3 * kTileVectors) {
      const float* in = inputs + channel * kVadFrames;
      for (size_t v = 0; v < kTileVectors; ++v) {
        const Vector before = row[v];
        const Vector middle = row[kTileVectors + v];
        const Vector after = row[2 * kTileVectors + v];
        sums[0][v] += in[0] * middle + in[1] * after;
        sums[1][v] += in[1] * before + in[2] * middle + in[3] * after;
      }
    }
    for (size_t c = 0; c < kVadTile; ++c) {
      outputs[tile * kVadTile + c] = Relu(sums[0][c / kLanes][c % kLanes]);
      outputs[kVadNarrow + tile * kVadTile + c] = Relu(sums[1][c / kLanes][c % kLanes]);
    }
  }
}

VERBATIM_CLONES void ThirdAndFourth(const SileroWeights& weights, SileroState& state) {
  Dense<kVadNarrow>(weights.third, weights.third_bias, state.second, 2 * kVadNarrow, state.third);
  for (float& value : state.third) value = Relu(value);
  Dense<kVadWidth>(weights.fourth, weights.fourth_bias, state.third, kVadNarrow, state.lstm_input);
  for (size_t c = 0; c < kVadWidth; ++c) state.lstm_input[c] = Relu(state.lstm_input[c]);
}

// One step of the LSTM cell, then the last layer.
VERBATIM_CLONES float Lstm(const SileroWeights& weights, SileroState& state) {
  for (size_t gate = 0; gate < 4; ++gate) {
    Dense<kVadWidth>(weights.gates + gate * 2 * kVadWidth * kVadWidth,
                     weights.gates_bias + gate * kVadWidth, state.lstm_input, 2 * kVadWidth,
                     state.gates + gate * kVadWidth);
  }
  Vector total = {};
  for (size_t v = 0; v < kVadWidth / kLanes; ++v) {
    Vector input = Vectors(state.gates)[v];
    Vector forget = Vectors(state.gates + kVadWidth)[v];
    Vector candidate = Vectors(state.gates + 2 * kVadWidth)[v];
    Vector output = Vectors(state.gates + 3 * kVadWidth)[v];
    Sigmoid(input);
    Sigmoid(forget);
    Tanh(candidate);
    Sigmoid(output);
    Vector cell = forget * Vectors(state.cell)[v] + input * candidate;
    cell = ((cell < kTiny) & (cell > -kTiny)) ? Vector{} : cell;
    Vectors(state.cell)[v] = cell;
    Tanh(cell);
    const Vector hidden = output * cell;
    Vectors(state.lstm_input + kVadWidth)[v] = hidden;
    total += (hidden > 0.0F ? hidden : Vector{}) * Vectors(weights.last)[v];
  }
  float sum = weights.last_bias;
  for (size_t lane = 0; lane < kLanes; ++lane) sum += total[lane];
  Vector probability = Vector{} + sum;
  Sigmoid(probability);
  return probability[0];
}

}  // namespace

float SileroForward(const SileroWeights& weights, SileroState& state) {
  for (float& sample : state.samples) sample = Flush(sample);
  Spectrum(weights.spectrum, state.samples, state.spectrum);
  Magnitude(state.spectrum, state.magnitude);
  First(weights, state.magnitude, state.first);
  Second(weights, state.first, state.second);
  ThirdAndFourth(weights, state);
  return Lstm(weights, state);
}

}  // namespace verbatim::vad
