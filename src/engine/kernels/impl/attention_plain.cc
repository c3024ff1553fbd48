// The truth: attention as its definition reads, for tests and for CPUs without wider instructions;
// and the choice of a table.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/attention.h"
#include "kernels/impl/sets.h"

namespace verbatim::kernels {
namespace {

size_t PackedWords(const AttentionShape& shape) { return 2 * shape.positions * shape.depth; }

size_t ScratchWords(const AttentionShape& shape) { return shape.positions; }

// Keys are transposed, so that the inner loops below run over numbers side by side.
void Pack(const AttentionRows& rows, const AttentionShape& shape, const AttentionRange& range,
          float* packed) {
  float* values = packed + shape.positions * shape.depth;
  for (size_t t = range.begin; t < range.end; ++t) {
    for (size_t d = 0; d < shape.depth; ++d) {
      packed[d * shape.positions + t] = rows.keys[t * rows.stride + d];
      values[t * shape.depth + d] = rows.values[t * rows.stride + d];
    }
  }
}

void Attend(const AttentionQueries& queries, const AttentionShape& shape, const float* packed,
            float* scratch) {
  const float* values = packed + shape.positions * shape.depth;
  for (size_t row = 0; row < queries.rows; ++row) {
    std::fill_n(scratch, shape.positions, 0.0F);
    for (size_t d = 0; d < shape.depth; ++d) {
      const float query = queries.queries[row * queries.stride + d];
      const float* keys = packed + d * shape.positions;
      for (size_t t = 0; t < shape.positions; ++t) scratch[t] += query * keys[t];
    }
    const float largest = *std::max_element(scratch, scratch + shape.positions);
    float sum = 0;
    for (size_t t = 0; t < shape.positions; ++t) {
      const float count = t < shape.counted_once() ? 1 : static_cast<float>(shape.repeats);
      sum += scratch[t] = std::exp(scratch[t] - largest) * count;
    }
    float* out = queries.out + row * queries.out_stride;
    std::fill_n(out, shape.depth, 0.0F);
    for (size_t t = 0; t < shape.positions; ++t) {
      const float weight = scratch[t] / sum;
      for (size_t d = 0; d < shape.depth; ++d) out[d] += weight * values[t * shape.depth + d];
    }
  }
}

}  // namespace

const AttentionKernels plain::kAttention = {1, PackedWords, ScratchWords, Pack, Attend};

const AttentionKernels* AttentionKernelsFor(InstructionSet set, AttentionFormat format) {
  CHECK(IsSupported(set));
#if defined(__x86_64__)
  if (format == AttentionFormat::kBf16) {
    if (set == InstructionSet::kAmx) return &amx::kAttentionBf16;
    return set == InstructionSet::kAvx512Bf16 ? &avx512_bf16::kAttentionBf16 : nullptr;
  }
  switch (set) {
    case InstructionSet::kPlain: break;
    case InstructionSet::kAvx2: return &avx2::kAttention;
    case InstructionSet::kAvx2Vnni: return &avx2_vnni::kAttention;
    case InstructionSet::kAvx512: return &avx512::kAttention;
    case InstructionSet::kAvx512Vnni: return &avx512_vnni::kAttention;
    case InstructionSet::kAvx512Bf16: return &avx512_bf16::kAttention;
    case InstructionSet::kAmx: return &amx::kAttention;
  }
#endif
  return format == AttentionFormat::kF32 ? &plain::kAttention : nullptr;
}

}  // namespace verbatim::kernels
