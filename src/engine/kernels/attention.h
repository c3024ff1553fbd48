// Attention of one head over all positions of a window: softmax(queries * keys^T) * values. Keys
// and values are packed once; blocks of queries then go through in groups of a few rows, whose
// scores never leave the cache. One table of functions per instruction set and number format. A
// row's result depends on its query, the keys and the values alone, bit for bit.
#pragma once

#include <cstddef>

#include "kernels/cpu.h"

namespace verbatim::kernels {

// How keys, queries, values and weights are stored; sums and the softmax are single precision.
enum class AttentionFormat { kF32, kBf16 };

struct AttentionShape {
  size_t depth = 0;      // numbers of a head: a multiple of 16 up to 128
  size_t positions = 0;  // keys, and as many values
  size_t repeated = 0;   // the last this many positions stand for `repeats` like them each
  size_t repeats = 1;

  size_t counted_once() const { return positions - repeated; }
};

// Keys and values of one head as they lie in wider rows, one row a position.
struct AttentionRows {
  const float* keys = nullptr;
  const float* values = nullptr;
  size_t stride = 0;  // floats from row to row
};

// Some positions: [begin, end). `begin` is a whole number of groups, and `end` too or the last.
struct AttentionRange {
  size_t begin = 0;
  size_t end = 0;
};

struct AttentionQueries {
  const float* queries = nullptr;  // [rows, depth], already divided by sqrt(depth)
  size_t stride = 0;               // floats from row to row
  size_t rows = 0;
  float* out = nullptr;  // [rows, depth]; may be where the queries are
  size_t out_stride = 0;
};

// Memory for packed heads and for scratch begins at a cache line, so that no vector lies across
// two.
struct AttentionKernels {
  size_t group = 0;  // positions are packed in groups of this many

  // Unit: 32-bit words.
  size_t (*packed_words)(const AttentionShape& shape);
  size_t (*scratch_words)(const AttentionShape& shape);

  // Packs the keys and values of some positions. `rows` points at position 0. Ranges that do not
  // overlap may be packed at once, by any threads; together they must cover all positions.
  void (*pack)(const AttentionRows& rows, const AttentionShape& shape, const AttentionRange& range,
               float* packed);

  // A repeated position's weight, exp(score), counts `repeats` times.
  // Shape: packed [packed_words], scratch [scratch_words].
  // Source: Vaswani et al. 2017, section 3.2.1.
  void (*attend)(const AttentionQueries& queries, const AttentionShape& shape, const float* packed,
                 float* scratch);
};

// The table of a set, or none if the set lacks the format. The set must be supported: a CHECK.
const AttentionKernels* AttentionKernelsFor(InstructionSet set, AttentionFormat format);

}  // namespace verbatim::kernels
