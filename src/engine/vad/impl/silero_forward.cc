// Loops over short vectors of the compiler's own kind, written once and compiled for each set's
// width; no intrinsics.
#include "vad/impl/silero_forward.h"

#include <cstdint>

#if defined(__x86_64__)
#define VERBATIM_X86_64 1
#else
#define VERBATIM_X86_64 0
#endif
// What is called by a set's function becomes part of it, and so is compiled for its instructions.
#define VERBATIM_INLINE [[gnu::always_inline]] static inline

namespace verbatim::vad {
namespace {

// Values smaller than this count as zero, so that no product of theirs becomes a denormal, which is
// slow.
constexpr float kTiny = 1e-12F;

VERBATIM_INLINE float Relu(float value) { return value > 0.0F ? value : 0.0F; }
template <typename Vector>
VERBATIM_INLINE Vector Relu(const Vector& value) {
  return value > 0.0F ? value : Vector{};
}

// Vectors as wide as a set's registers.
struct Width16 {
  typedef float Vector __attribute__((vector_size(16)));
  typedef int32_t Integers __attribute__((vector_size(16)));
};
struct Width32 {
  typedef float Vector __attribute__((vector_size(32)));
  typedef int32_t Integers __attribute__((vector_size(32)));
};
struct Width64 {
  typedef float Vector __attribute__((vector_size(64)));
  typedef int32_t Integers __attribute__((vector_size(64)));
};

template <typename Width>
struct Network {
  using Vector = typename Width::Vector;
  using Integers = typename Width::Integers;

  static constexpr size_t kLanes = sizeof(Vector) / sizeof(float);
  static constexpr size_t kRow = kVadTile / kLanes;  // vectors in a tile's row
  static constexpr size_t kPart =
      kRow < 2 ? kRow : 2;  // of them summed at a time: the sums stay in registers
  static constexpr size_t kDensePart = 8;

  VERBATIM_INLINE const Vector* Vectors(const float* values) {
    return reinterpret_cast<const Vector*>(values);
  }
  VERBATIM_INLINE Vector* Vectors(float* values) { return reinterpret_cast<Vector*>(values); }

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

  // A dense layer: outputs[0 .. width) = bias + inputs * weights[inputs][width].
  template <size_t kWidth>
  VERBATIM_INLINE void Dense(const float* weights, const float* bias, const float* inputs,
                             size_t input_count, float* outputs) {
    constexpr size_t kVectors = kWidth / kLanes;
    constexpr size_t kStep = kVectors < kDensePart ? kVectors : kDensePart;
    for (size_t part = 0; part < kVectors; part += kStep) {
      Vector sums[kStep];
      for (size_t v = 0; v < kStep; ++v) sums[v] = Vectors(bias)[part + v];
      const Vector* row = Vectors(weights) + part;
      for (size_t i = 0; i < input_count; ++i, row += kVectors) {
        for (size_t v = 0; v < kStep; ++v) sums[v] += inputs[i] * row[v];
      }
      for (size_t v = 0; v < kStep; ++v) Vectors(outputs)[part + v] = sums[v];
    }
  }

  VERBATIM_INLINE void Magnitude(const float* power, float* magnitude) {
    constexpr float kTinyPower = kTiny * kTiny;
    for (size_t i = 0; i < kVadBins * kVadFrames; ++i) {
      magnitude[i] = power[i] < kTinyPower ? 0.0F : __builtin_sqrtf(power[i]);
    }
  }

  // Kernel 3, stride 1, one frame of padding on both sides: 4 frames -> 4 frames.
  VERBATIM_INLINE void First(const SileroWeights& weights, const float* magnitude, float* outputs) {
    for (size_t part = 0; part < kVadWidth / kLanes; part += kPart) {
      Vector sums[kVadFrames][kPart];
      for (size_t frame = 0; frame < kVadFrames; ++frame) {
        for (size_t v = 0; v < kPart; ++v) sums[frame][v] = Vectors(weights.first_bias)[part + v];
      }
      const Vector* row = Vectors(weights.first) + part / kRow * kRow * kVadBins * 3 + part % kRow;
      for (size_t bin = 0; bin < kVadBins; ++bin, row += 3 * kRow) {
        const float* in = magnitude + bin * kVadFrames;
        for (size_t v = 0; v < kPart; ++v) {
          const Vector before = row[v];
          const Vector middle = row[kRow + v];
          const Vector after = row[2 * kRow + v];
          sums[0][v] += in[0] * middle;
          sums[1][v] += in[1] * middle;
          sums[2][v] += in[2] * middle;
          sums[3][v] += in[3] * middle;
          sums[0][v] += in[1] * after;
          sums[1][v] += in[2] * after;
          sums[2][v] += in[3] * after;
          sums[1][v] += in[0] * before;
          sums[2][v] += in[1] * before;
          sums[3][v] += in[2] * before;
        }
      }
      for (size_t frame = 0; frame < kVadFrames; ++frame) {
        for (size_t v = 0; v < kPart; ++v) {
          Vectors(outputs + frame * kVadWidth)[part + v] = Relu(sums[frame][v]);
        }
      }
    }
  }

  // Kernel 3, stride 2, one frame of padding: 4 frames -> 2 frames.
  VERBATIM_INLINE void Second(const SileroWeights& weights, const float* inputs, float* outputs) {
    for (size_t part = 0; part < kVadNarrow / kLanes; part += kPart) {
      Vector sums[2][kPart];
      for (size_t v = 0; v < kPart; ++v) {
        sums[0][v] = sums[1][v] = Vectors(weights.second_bias)[part + v];
      }
      const Vector* row =
          Vectors(weights.second) + part / kRow * kRow * kVadWidth * 3 + part % kRow;
      for (size_t channel = 0; channel < kVadWidth; ++channel, row += 3 * kRow) {
        const float* in = inputs + channel;
        for (size_t v = 0; v < kPart; ++v) {
          const Vector before = row[v];
          const Vector middle = row[kRow + v];
          const Vector after = row[2 * kRow + v];
          sums[0][v] += in[0] * middle;
          sums[1][v] += in[2 * kVadWidth] * middle;
          sums[0][v] += in[kVadWidth] * after;
          sums[1][v] += in[3 * kVadWidth] * after;
          sums[1][v] += in[kVadWidth] * before;
        }
      }
      for (size_t v = 0; v < kPart; ++v) {
        Vectors(outputs)[part + v] = Relu(sums[0][v]);
        Vectors(outputs + kVadNarrow)[part + v] = Relu(sums[1][v]);
      }
    }
  }

  VERBATIM_INLINE void ThirdAndFourth(const SileroWeights& weights, SileroState& state) {
    Dense<kVadNarrow>(weights.third, weights.third_bias, state.second, 2 * kVadNarrow, state.third);
    for (float& value : state.third) value = Relu(value);
    Dense<kVadWidth>(weights.fourth, weights.fourth_bias, state.third, kVadNarrow,
                     state.lstm_input);
    for (size_t c = 0; c < kVadWidth; ++c) state.lstm_input[c] = Relu(state.lstm_input[c]);
  }

  // One step of the LSTM cell, then the last layer.
  VERBATIM_INLINE float Lstm(const SileroWeights& weights, SileroState& state) {
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

  VERBATIM_INLINE float Run(const SileroWeights& weights, SileroState& state) {
    Magnitude(state.power, state.magnitude);
    First(weights, state.magnitude, state.first);
    Second(weights, state.first, state.second);
    ThirdAndFourth(weights, state);
    return Lstm(weights, state);
  }
};

float Portable(const SileroWeights& weights, SileroState& state) {
  return Network<Width16>::Run(weights, state);
}

#if VERBATIM_X86_64
[[gnu::target("arch=x86-64-v3")]] float Avx2(const SileroWeights& weights, SileroState& state) {
  return Network<Width32>::Run(weights, state);
}

[[gnu::target("arch=x86-64-v4")]] float Avx512(const SileroWeights& weights, SileroState& state) {
  return Network<Width64>::Run(weights, state);
}
#endif

}  // namespace

bool SileroSetWorks(SileroSet set) {
  if (set == SileroSet::kPortable) return true;
#if VERBATIM_X86_64
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  if (set == SileroSet::kAvx2) return has_avx2;
  return has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

SileroSet BestSileroSet() {
  if (SileroSetWorks(SileroSet::kAvx512)) return SileroSet::kAvx512;
  return SileroSetWorks(SileroSet::kAvx2) ? SileroSet::kAvx2 : SileroSet::kPortable;
}

float SileroForward(SileroSet set, const SileroWeights& weights, SileroState& state) {
#if VERBATIM_X86_64
  if (set == SileroSet::kAvx512) return Avx512(weights, state);
  if (set == SileroSet::kAvx2) return Avx2(weights, state);
#endif
  static_cast<void>(set);
  return Portable(weights, state);
}

}  // namespace verbatim::vad
