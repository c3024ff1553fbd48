// The loops of our own: everything that is no matrix product. One table of functions per
// instruction set, the same results up to rounding; the plain set is the truth that tests compare
// the others with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace verbatim::kernels {

// The keys of one attention head, transposed.
struct KeyShape {
  size_t depth = 0;
  size_t stride = 0;  // numbers from one row to the next
  size_t count = 0;   // positions in use
};

// What one token of a hypothesis attends to: each position's key and value lie where the row that
// owns them wrote them.
struct History {
  const float* keys = nullptr;       // [rows, positions, heads * depth]
  const float* values = nullptr;     // the same
  const uint16_t* owners = nullptr;  // [count]: rows
  size_t row_stride = 0;             // floats from row to row
  size_t count = 0;                  // positions, from 0 on
  size_t heads = 0;
  size_t depth = 0;  // a multiple of 16 up to 128
};

// What a search asks of the logits of all tokens.
struct Likeliest {
  size_t index = 0;   // as arg_max
  float log_sum = 0;  // as log_sum_exp
};

inline constexpr size_t kMedianWidth = 7;

// For the alignment of tokens with frames: rows of weights and what each is multiplied by.
struct WeightRows {
  const float* values = nullptr;   // [rows, stride], of which `columns` are used
  const float* factors = nullptr;  // [rows]; 0: the whole row counts as zeros
  size_t stride = 0;               // floats from row to row
  size_t rows = 0;
  size_t columns = 0;
};

struct VectorKernels {
  // out = (in - mean) / sqrt(variance + 1e-5) * gamma + beta. Shape: all [n]; out may be in.
  // Source: Ba et al. 2016, "Layer Normalization".
  void (*layer_norm)(const float* in, const float* gamma, const float* beta, size_t n, float* out);

  // In place: exp(x - max) / sum. Shape: [n], n > 0.
  void (*softmax)(float* x, size_t n);

  // The logarithm of the sum of exp(x). Shape: [n], n > 0; minus infinity counts as zero.
  float (*log_sum_exp)(const float* x, size_t n);

  // Index of the largest value, the first if several. Shape: [n], n > 0.
  size_t (*arg_max)(const float* x, size_t n);

  // Both of the above in one pass. Shape: [n], n > 0.
  Likeliest (*likeliest)(const float* x, size_t n);

  // The first index from `begin` on whose value is above the threshold, or n. Shape: [n].
  size_t (*find_above)(const float* x, size_t begin, size_t n, float threshold);

  // The scalar product. Shape: both [n].
  float (*dot)(const float* a, const float* b, size_t n);

  // out += factor * in. Shape: both [n].
  void (*add_scaled)(const float* in, float factor, size_t n, float* out);

  // scores[t] = sum over d of query[d] * keys_t[d * stride + t].
  // Shape: query [depth], keys_t half floats [depth, stride] of which `count` columns are used,
  // scores [count].
  void (*attention_scores)(const float* query, const uint16_t* keys_t, const KeyShape& shape,
                           float* scores);

  // out[d] = sum over t of weights[t] * values[t * depth + d].
  // Shape: weights [count], values half floats [count, depth], out [depth]; depth is a multiple of
  // 16 up to 128.
  void (*attention_mix)(const float* weights, const uint16_t* values, size_t count, size_t depth,
                        float* out);

  // Attention of all heads of one token: softmax(query * keys^T) * values.
  // Shape: query and out [heads * depth], scratch [count].
  void (*attend_history)(const float* query, const History& history, float* scratch, float* out);

  // Single precision to half, rounded to the nearest, ties to even. Shape: both [n].
  void (*to_half)(const float* in, size_t n, uint16_t* out);

  // Half to single precision, exact. Shape: both [n].
  void (*from_half)(const uint16_t* in, size_t n, float* out);

  // The sum of all values above zero. Shape: [n].
  float (*positive_sum)(const float* x, size_t n);

  // Each column of factor * max(value, 0), shifted and scaled to mean 0 and (population) deviation
  // 1. A column that does not vary, as far as 32 bits can tell, becomes zero.
  // Shape: out [rows, out_stride], of which `columns` are written.
  void (*standardise)(const WeightRows& weights, float* out, size_t out_stride);

  // out[i] += the median of in[i], ..., in[i + 6]. Shape: in [n + 6], out [n].
  void (*add_median)(const float* in, size_t n, float* out);
};

// The table of a set. The set must be supported: a CHECK.
const VectorKernels& KernelsFor(InstructionSet set);

// IEEE half to single precision, exact. Shape: both [n].
void HalfToFloat(const uint16_t* in, size_t n, float* out);

}  // namespace verbatim::kernels
