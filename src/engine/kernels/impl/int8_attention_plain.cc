// The truth: attention over 8-bit keys and values as its definition reads, for tests and for CPUs
// without wider instructions.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/impl/sets.h"
#include "kernels/int8_attention.h"

namespace verbatim::kernels {
namespace {

// The parts of a head: scales of keys, scales of values, then both row by row.
template <typename Byte, typename Float, typename Int>
struct Parts {
  Parts(Byte* head, const Int8HeadShape& shape)
      : key_scales(reinterpret_cast<Float*>(head)),
        value_scales(key_scales + shape.padded_positions()),
        keys(reinterpret_cast<Int*>(value_scales + shape.padded_positions())),
        values(keys + shape.padded_positions() * shape.depth) {}
  Float* key_scales;
  Float* value_scales;
  Int* keys;
  Int* values;
};

float Quantise(const float* in, size_t n, int8_t* out) {
  float largest = 0;
  for (size_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(in[i]));
  const float factor = largest > 0 ? 127.0F / largest : 0.0F;
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<int8_t>(std::lrint(in[i] * factor));
  return largest / 127.0F;
}

void StoreRows(const Int8HeadRows& rows, const Int8HeadShape& shape, std::byte* head) {
  const Parts<std::byte, float, int8_t> parts(head, shape);
  for (size_t row = 0; row < rows.rows; ++row) {
    const size_t at = rows.begin + row;
    parts.key_scales[at] =
        Quantise(rows.keys + row * rows.stride, shape.depth, parts.keys + at * shape.depth);
    parts.value_scales[at] =
        Quantise(rows.values + row * rows.stride, shape.depth, parts.values + at * shape.depth);
  }
}

// A factor that makes 15-bit integers of weights whose sum, times 127, stays a 32-bit integer.
float WeightFactor(const float* weights, size_t n) {
  float largest = 0;
  float sum = 0;
  for (size_t i = 0; i < n; ++i) {
    largest = std::max(largest, weights[i]);
    sum += weights[i];
  }
  return largest > 0 ? std::min(32767.0F / largest, 16777000.0F / sum) : 0.0F;
}

void AttendOne(const Int8Queries& in, size_t row, const Int8HeadShape& shape, const std::byte* head,
               float* scores) {
  const Parts<const std::byte, const float, const int8_t> parts(head, shape);
  int8_t query[kInt8DepthMax];
  const float query_scale = Quantise(in.queries + row * in.stride, shape.depth, query);
  for (size_t t = 0; t < in.positions; ++t) {
    int32_t sum = 0;
    for (size_t d = 0; d < shape.depth; ++d) sum += query[d] * parts.keys[t * shape.depth + d];
    scores[t] = static_cast<float>(sum) * (query_scale * parts.key_scales[t]);
  }
  const float max = *std::max_element(scores, scores + in.positions);
  float total = 0;
  for (size_t t = 0; t < in.positions; ++t) {
    const bool is_repeated = t + in.repeated >= in.positions;
    const float count = is_repeated ? static_cast<float>(in.repeats) : 1;
    total += scores[t] = std::exp(scores[t] - max) * count;
  }
  for (size_t t = 0; in.weights != nullptr && t < in.positions; ++t) {
    in.weights[row * in.weights_stride + t] = scores[t] / total;
  }
  if (in.out == nullptr) return;
  for (size_t t = 0; t < in.positions; ++t) scores[t] *= parts.value_scales[t];
  const float factor = WeightFactor(scores, in.positions);
  for (size_t d = 0; d < shape.depth; ++d) {
    int32_t sum = 0;
    for (size_t t = 0; t < in.positions; ++t) {
      sum +=
          static_cast<int32_t>(std::lrint(scores[t] * factor)) * parts.values[t * shape.depth + d];
    }
    in.out[row * in.out_stride + d] =
        factor > 0 ? static_cast<float>(sum) / (factor * total) : 0.0F;
  }
}

void Attend(const Int8Queries& in, const Int8HeadShape& shape, const std::byte* head,
            float* scratch) {
  for (size_t row = 0; row < in.rows; ++row) AttendOne(in, row, shape, head, scratch);
}

}  // namespace

const Int8AttentionKernels plain::kInt8Attention = {StoreRows, Attend};

const Int8AttentionKernels& Int8AttentionKernelsFor(InstructionSet set) {
  CHECK(IsSupported(set));
  switch (set) {
#if defined(__x86_64__)
    case InstructionSet::kAvx2: return avx2::kInt8Attention;
    case InstructionSet::kAvx2Vnni: return avx2_vnni::kInt8Attention;
    case InstructionSet::kAvx512: return avx512::kInt8Attention;
    case InstructionSet::kAvx512Vnni: return avx512_vnni::kInt8Attention;
    case InstructionSet::kAvx512Bf16: return avx512_bf16::kInt8Attention;
    case InstructionSet::kAmx: return amx::kInt8Attention;
#endif
    default: return plain::kInt8Attention;
  }
}

}  // namespace verbatim::kernels
