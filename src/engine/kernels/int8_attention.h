// Attention of a few queries over keys and values that stay for many steps, kept as 8-bit integers:
// each position of a head has a scale for its key and one for its value, a query is quantised by
// itself, and the weights of the values are 15-bit integers. All sums are exact, so a query's
// result depends on nothing but itself and what was stored.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace verbatim::kernels {

inline constexpr size_t kInt8Group = 32;      // positions are stored in groups of this many
inline constexpr size_t kInt8QueriesMax = 8;  // queries of one call
inline constexpr size_t kInt8DepthMax = 128;

struct Int8HeadShape {
  size_t depth = 0;      // a multiple of 16 up to kInt8DepthMax
  size_t positions = 0;  // the most that a head holds

  size_t padded_positions() const { return (positions + kInt8Group - 1) / kInt8Group * kInt8Group; }
  // Unit: bytes of one head. A multiple of 64.
  size_t head_bytes() const { return padded_positions() * 2 * (depth + sizeof(float)); }
  // Unit: floats.
  size_t scratch_size() const { return padded_positions() * kInt8QueriesMax; }
};

// Keys and values of some positions as they lie in wider rows, one row a position.
struct Int8HeadRows {
  const float* keys = nullptr;    // of the first of these positions
  const float* values = nullptr;  // the same
  size_t stride = 0;              // floats from row to row
  size_t begin = 0;               // position of the first row: a multiple of kInt8Group
  size_t rows = 0;
};

struct Int8Queries {
  const float* queries = nullptr;  // [rows, depth], already divided by sqrt(depth)
  size_t stride = 0;               // floats from row to row
  size_t rows = 0;                 // at most kInt8QueriesMax
  size_t positions = 0;            // that take part, from 0 on
  float* out = nullptr;            // [rows, depth], or none if only the weights are wanted
  size_t out_stride = 0;
  float* weights = nullptr;  // [rows, positions]: the softmax of the scores, if wanted
  size_t weights_stride = 0;
  size_t repeated = 0;  // the last this many positions stand for `repeats` like them each
  size_t repeats = 1;
};

struct Int8AttentionKernels {
  // Quantises some positions. Shape: head [shape.head_bytes()]. Thread: groups of positions that do
  // not overlap may be stored at once.
  void (*store)(const Int8HeadRows& rows, const Int8HeadShape& shape, std::byte* head);

  // Shape: head [shape.head_bytes()], at a multiple of 64 bytes; scratch [shape.scratch_size()].
  // Source: Vaswani et al. 2017, section 3.2.1.
  void (*attend)(const Int8Queries& queries, const Int8HeadShape& shape, const std::byte* head,
                 float* scratch);
};

// The table of a set. The set must be supported: a CHECK.
const Int8AttentionKernels& Int8AttentionKernelsFor(InstructionSet set);

}  // namespace verbatim::kernels
