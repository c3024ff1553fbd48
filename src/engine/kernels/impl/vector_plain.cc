// The truth: every kernel as its definition reads, for tests and for CPUs without wider
// instructions.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "kernels/impl/sets.h"
#include "kernels/vector.h"

namespace verbatim::kernels {
namespace {

void LayerNorm(const float* in, const float* gamma, const float* beta, size_t n, float* out) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += in[i];
  const double mean = sum / static_cast<double>(n);
  double squares = 0;
  for (size_t i = 0; i < n; ++i) squares += (in[i] - mean) * (in[i] - mean);
  const double scale = 1.0 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
  for (size_t i = 0; i < n; ++i) {
    out[i] = static_cast<float>((in[i] - mean) * scale) * gamma[i] + beta[i];
  }
}

size_t ArgMax(const float* x, size_t n) {
  size_t best = 0;
  for (size_t i = 1; i < n; ++i) {
    if (x[i] > x[best]) best = i;
  }
  return best;
}

void Softmax(float* x, size_t n) {
  const float max = x[ArgMax(x, n)];
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += x[i] = std::exp(x[i] - max);
  for (size_t i = 0; i < n; ++i) x[i] /= sum;
}

float LogSumExp(const float* x, size_t n) {
  const float max = x[ArgMax(x, n)];
  if (std::isinf(max)) return max;
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::exp(x[i] - max);
  return max + static_cast<float>(std::log(sum));
}

Likeliest FindLikeliest(const float* x, size_t n) { return {ArgMax(x, n), LogSumExp(x, n)}; }

size_t FindAbove(const float* x, size_t begin, size_t n, float threshold) {
  while (begin < n && !(x[begin] > threshold)) ++begin;
  return begin;
}

float Dot(const float* a, const float* b, size_t n) {
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

void AddScaled(const float* in, float factor, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] += factor * in[i];
}

// Masks instead of branches, so that a loop of it becomes one of vectors: loading a model of half
// floats converts them all.
float HalfToFloatOne(uint16_t half) {
  constexpr uint32_t kBias = 112U << 23;  // between the exponents; infinities need it twice
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t magnitude = half & 0x7FFFU;
  const uint32_t infinite = 0U - static_cast<uint32_t>(magnitude >= 0x7C00U);
  const uint32_t subnormal = 0U - static_cast<uint32_t>(magnitude < 0x400U);
  const uint32_t normal_bits = (magnitude << 13) + kBias + (infinite & kBias);
  const float small = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24F;
  const auto small_bits = std::bit_cast<uint32_t>(small);
  return std::bit_cast<float>((small_bits & subnormal) | (normal_bits & ~subnormal) | sign);
}

// Rounds to the nearest, ties to even, by adding half of the last kept place and letting it carry.
uint16_t FloatToHalfOne(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<uint16_t>(sign | 0x7E00U);   // not a number
  if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // infinity
  if (magnitude < 0x38800000U) {
    // Below the smallest normal half: adding 0.5 makes the float's own last place 2^-24.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000U));
  }
  const uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13) & 1U);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

void ToHalf(const float* in, size_t n, uint16_t* out) {
  for (size_t i = 0; i < n; ++i) out[i] = FloatToHalfOne(in[i]);
}

void FromHalf(const uint16_t* in, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = HalfToFloatOne(in[i]);
}

void AttentionScores(const float* query, const uint16_t* keys_t, const KeyShape& shape,
                     float* scores) {
  for (size_t t = 0; t < shape.count; ++t) {
    float sum = 0;
    for (size_t d = 0; d < shape.depth; ++d) {
      sum += query[d] * HalfToFloatOne(keys_t[d * shape.stride + t]);
    }
    scores[t] = sum;
  }
}

void AttentionMix(const float* weights, const uint16_t* values, size_t count, size_t depth,
                  float* out) {
  for (size_t d = 0; d < depth; ++d) {
    float sum = 0;
    for (size_t t = 0; t < count; ++t) sum += weights[t] * HalfToFloatOne(values[t * depth + d]);
    out[d] = sum;
  }
}

void AttendHistory(const float* query, const History& history, float* scratch, float* out) {
  const size_t width = history.heads * history.depth;
  for (size_t column = 0; column < width; column += history.depth) {
    const auto at = [&](size_t t) {
      return history.owners[t] * history.row_stride + t * width + column;
    };
    for (size_t t = 0; t < history.count; ++t) {
      scratch[t] = Dot(query + column, history.keys + at(t), history.depth);
    }
    Softmax(scratch, history.count);
    for (size_t d = 0; d < history.depth; ++d) out[column + d] = 0;
    for (size_t t = 0; t < history.count; ++t) {
      AddScaled(history.values + at(t), scratch[t], history.depth, out + column);
    }
  }
}

float PositiveSum(const float* x, size_t n) {
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += x[i] > 0 ? x[i] : 0.0F;
  return sum;
}

void Standardise(const WeightRows& weights, float* out, size_t out_stride) {
  const auto count = static_cast<float>(weights.rows);
  for (size_t column = 0; column < weights.columns; ++column) {
    const auto at = [&](size_t row) {
      const float value = weights.values[row * weights.stride + column];
      return weights.factors[row] != 0 && value > 0 ? value * weights.factors[row] : 0.0F;
    };
    float sum = 0;
    for (size_t row = 0; row < weights.rows; ++row) sum += at(row);
    const float mean = sum / count;
    float squares = 0;
    for (size_t row = 0; row < weights.rows; ++row) squares += (at(row) - mean) * (at(row) - mean);
    const float deviation = std::sqrt(squares / count);
    float scale = deviation > 1e-6F * mean ? 1 / deviation : 0.0F;
    if (!std::isfinite(scale)) scale = 0;
    for (size_t row = 0; row < weights.rows; ++row) {
      out[row * out_stride + column] = (at(row) - mean) * scale;
    }
  }
}

void AddMedian(const float* in, size_t n, float* out) {
  std::array<float, kMedianWidth> window{};
  for (size_t i = 0; i < n; ++i) {
    std::copy_n(in + i, kMedianWidth, window.begin());
    std::ranges::nth_element(window, window.begin() + kMedianWidth / 2);
    out[i] += window[kMedianWidth / 2];
  }
}

}  // namespace

const VectorKernels plain::kVector = {LayerNorm,       Softmax,      LogSumExp,     ArgMax,
                                      FindLikeliest,   FindAbove,    Dot,           AddScaled,
                                      AttentionScores, AttentionMix, AttendHistory, ToHalf,
                                      FromHalf,        PositiveSum,  Standardise,   AddMedian};

void HalfToFloat(const uint16_t* in, size_t n, float* out) {
  for (size_t i = 0; i < n; ++i) out[i] = HalfToFloatOne(in[i]);
}

const VectorKernels& KernelsFor(InstructionSet set) {
  CHECK(IsSupported(set));
  switch (set) {
#if defined(__x86_64__)
    case InstructionSet::kAvx2: return avx2::kVector;
    case InstructionSet::kAvx2Vnni: return avx2_vnni::kVector;
    case InstructionSet::kAvx512: return avx512::kVector;
    case InstructionSet::kAvx512Vnni: return avx512_vnni::kVector;
    case InstructionSet::kAvx512Bf16: return avx512_bf16::kVector;
    case InstructionSet::kAmx: return amx::kVector;
#endif
    default: return plain::kVector;
  }
}

}  // namespace verbatim::kernels
