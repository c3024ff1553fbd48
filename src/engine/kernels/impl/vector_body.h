// The kernels on vectors of kLanes floats, written once with the compiler's vector types and
// compiled by vector_avx2.cc and vector_avx512.cc with their own flags. The including file defines
// VERBATIM_LANES and VERBATIM_TABLE first.
#include <cstddef>
#include <cstdint>

#include "kernels/impl/vector_sets.h"

namespace verbatim::kernels {
namespace {

constexpr size_t kLanes = VERBATIM_LANES;

typedef float Floats __attribute__((vector_size(VERBATIM_LANES * 4)));
typedef int32_t Ints __attribute__((vector_size(VERBATIM_LANES * 4)));
typedef float FloatsInMemory
    __attribute__((vector_size(VERBATIM_LANES * 4), aligned(4), may_alias));

inline Floats Load(const float* from) { return *reinterpret_cast<const FloatsInMemory*>(from); }
inline void Store(Floats value, float* to) { *reinterpret_cast<FloatsInMemory*>(to) = value; }
inline Floats Broadcast(float value) { return value - Floats{}; }
inline Floats Larger(Floats a, Floats b) { return a > b ? a : b; }

// The last n < kLanes values; lanes beyond hold `rest`.
inline Floats LoadTail(const float* from, size_t n, float rest) {
  Floats value = Broadcast(rest);
  for (size_t i = 0; i < n; ++i) value[i] = from[i];
  return value;
}
inline void StoreTail(Floats value, size_t n, float* to) {
  for (size_t i = 0; i < n; ++i) to[i] = value[i];
}

inline float Sum(Floats value) {
  float sum = 0;
  for (size_t i = 0; i < kLanes; ++i) sum += value[i];
  return sum;
}
inline float Max(Floats value) {
  float max = value[0];
  for (size_t i = 1; i < kLanes; ++i) max = value[i] > max ? value[i] : max;
  return max;
}

// exp for x <= 88; below -87.3 zero. Relative error under 2e-7: x = k ln 2 + r, a polynomial of
// degree 6 for exp(r).
inline Floats Exp(Floats x) {
  const Floats clamped = Larger(x, Broadcast(-87.3F));
  const Floats scaled = clamped * 1.44269504F;
  const Ints k =
      __builtin_convertvector(scaled + (scaled < 0 ? Broadcast(-0.5F) : Broadcast(0.5F)), Ints);
  const Floats kf = __builtin_convertvector(k, Floats);
  const Floats r = (clamped - kf * 0.693359375F) + kf * 2.12194440e-4F;
  Floats p = Broadcast(1.0F / 720) * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * (r * r) + r + 1.0F;
  const Ints bits = reinterpret_cast<Ints>(p) + (k << 23);
  return x < Broadcast(-87.3F) ? Floats{} : reinterpret_cast<Floats>(bits);
}

float MaxOf(const float* x, size_t n) {
  Floats max = Broadcast(-__builtin_inff());
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) max = Larger(Load(x + i), max);
  if (i < n) max = Larger(LoadTail(x + i, n - i, -__builtin_inff()), max);
  return Max(max);
}

void LayerNorm(const float* in, const float* gamma, const float* beta, size_t n, float* out) {
  Floats sum{};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sum += Load(in + i);
  float total = Sum(sum);
  for (; i < n; ++i) total += in[i];
  const float mean = total / static_cast<float>(n);

  Floats squares{};
  for (i = 0; i + kLanes <= n; i += kLanes) {
    const Floats centred = Load(in + i) - mean;
    squares += centred * centred;
  }
  total = Sum(squares);
  for (; i < n; ++i) total += (in[i] - mean) * (in[i] - mean);
  const float scale = 1.0F / __builtin_sqrtf(total / static_cast<float>(n) + 1e-5F);

  for (i = 0; i + kLanes <= n; i += kLanes) {
    Store((Load(in + i) - mean) * scale * Load(gamma + i) + Load(beta + i), out + i);
  }
  for (; i < n; ++i) out[i] = (in[i] - mean) * scale * gamma[i] + beta[i];
}

// Replaces x by exp(x - max) if `out` is given; returns the sum.
inline float SumExp(const float* x, size_t n, float max, float* out) {
  Floats sum{};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Floats e = Exp(Load(x + i) - max);
    if (out != nullptr) Store(e, out + i);
    sum += e;
  }
  if (i < n) {
    const Floats e = Exp(LoadTail(x + i, n - i, -__builtin_inff()) - max);
    if (out != nullptr) StoreTail(e, n - i, out + i);
    sum += e;
  }
  return Sum(sum);
}

void Softmax(float* x, size_t n) {
  const float factor = 1.0F / SumExp(x, n, MaxOf(x, n), x);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(Load(x + i) * factor, x + i);
  for (; i < n; ++i) x[i] *= factor;
}

float LogSumExp(const float* x, size_t n) {
  const float max = MaxOf(x, n);
  if (__builtin_isinf(max)) return max;
  return max + __builtin_logf(SumExp(x, n, max, nullptr));
}

size_t ArgMax(const float* x, size_t n) {
  const float max = MaxOf(x, n);
  for (size_t i = 0; i < n; ++i) {
    if (x[i] == max) return i;
  }
  return 0;  // only if nothing compares equal: all values are NaN
}

float Dot(const float* a, const float* b, size_t n) {
  Floats sum{};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sum += Load(a + i) * Load(b + i);
  float total = Sum(sum);
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

void AddScaled(const float* in, float factor, size_t n, float* out) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(Load(out + i) + Load(in + i) * factor, out + i);
  for (; i < n; ++i) out[i] += factor * in[i];
}

// Blocks of 4 vectors of positions stay in registers while the depth is walked.
void AttentionScores(const float* query, const float* keys_t, size_t depth, size_t stride,
                     size_t count, float* scores) {
  constexpr size_t kBlock = 4 * kLanes;
  size_t t = 0;
  for (; t + kBlock <= count; t += kBlock) {
    Floats sums[4] = {};
    for (size_t d = 0; d < depth; ++d) {
      const float* row = keys_t + d * stride + t;
      const Floats factor = Broadcast(query[d]);
      for (size_t j = 0; j < 4; ++j) sums[j] += factor * Load(row + j * kLanes);
    }
    for (size_t j = 0; j < 4; ++j) Store(sums[j], scores + t + j * kLanes);
  }
  for (; t < count; ++t) {
    float sum = 0;
    for (size_t d = 0; d < depth; ++d) sum += query[d] * keys_t[d * stride + t];
    scores[t] = sum;
  }
}

// Sums 32 columns of the values at a time; two rows in flight hide the latency of the additions.
void AttentionMix(const float* weights, const float* values, size_t count, size_t depth,
                  float* out) {
  constexpr size_t kColumns = 16;
  constexpr size_t kVectors = kColumns / kLanes;
  for (size_t column = 0; column < depth; column += kColumns) {
    Floats sums[4][kVectors] = {};
    const float* base = values + column;
    size_t t = 0;
    for (; t + 4 <= count; t += 4) {
      for (size_t row = 0; row < 4; ++row) {
        const Floats factor = Broadcast(weights[t + row]);
        for (size_t j = 0; j < kVectors; ++j) {
          sums[row][j] += factor * Load(base + (t + row) * depth + j * kLanes);
        }
      }
    }
    for (; t < count; ++t) {
      for (size_t j = 0; j < kVectors; ++j) {
        sums[0][j] += weights[t] * Load(base + t * depth + j * kLanes);
      }
    }
    for (size_t j = 0; j < kVectors; ++j) {
      Store((sums[0][j] + sums[1][j]) + (sums[2][j] + sums[3][j]), out + column + j * kLanes);
    }
  }
}

}  // namespace

const VectorKernels VERBATIM_TABLE = {LayerNorm, Softmax,   LogSumExp,       ArgMax,
                                      Dot,       AddScaled, AttentionScores, AttentionMix};

}  // namespace verbatim::kernels
