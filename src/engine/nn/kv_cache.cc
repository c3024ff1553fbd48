#include "nn/kv_cache.h"

#include <algorithm>

#include "base/check.h"

namespace verbatim::nn {
namespace {

constexpr size_t kRowsMax = 128;  // rows of one block given to CrossCache::Store

}  // namespace

SelfCache::SelfCache(const CacheShape& shape, size_t rows)
    : shape_(shape),
      rows_(rows),
      keys_(shape.layers * rows * shape.positions * shape.width),
      values_(keys_.size()),
      owners_(rows * shape.positions),
      scratch_(owners_.size()) {}

float* SelfCache::Key(size_t layer, size_t row, size_t position) {
  return keys_.data() + Offset(layer, row, position);
}

float* SelfCache::Value(size_t layer, size_t row, size_t position) {
  return values_.data() + Offset(layer, row, position);
}

const float* SelfCache::SeenKey(size_t layer, size_t row, size_t position) const {
  return keys_.data() + Offset(layer, owners_[row * shape_.positions + position], position);
}

const float* SelfCache::SeenValue(size_t layer, size_t row, size_t position) const {
  return values_.data() + Offset(layer, owners_[row * shape_.positions + position], position);
}

kernels::History SelfCache::Seen(size_t layer, size_t row, size_t count) const {
  const size_t begin = Offset(layer, 0, 0);
  return {.keys = keys_.data() + begin,
          .values = values_.data() + begin,
          .owners = owners_.data() + row * shape_.positions,
          .row_stride = shape_.positions * shape_.width,
          .count = count};
}

void SelfCache::Own(size_t row, size_t position) {
  DCHECK(row < rows_ && position < shape_.positions);
  owners_[row * shape_.positions + position] = static_cast<uint16_t>(row);
}

void SelfCache::Branch(std::span<const uint16_t> rows, std::span<const uint16_t> parents,
                       size_t length) {
  DCHECK(rows.size() == parents.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(owners_.begin() + static_cast<ptrdiff_t>(parents[i] * shape_.positions), length,
                scratch_.begin() + static_cast<ptrdiff_t>(i * shape_.positions));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(scratch_.begin() + static_cast<ptrdiff_t>(i * shape_.positions), length,
                owners_.begin() + static_cast<ptrdiff_t>(rows[i] * shape_.positions));
  }
}

CrossCache::CrossCache(const AudioShape& shape, size_t slots, const kernels::VectorKernels& kernels)
    : shape_(shape),
      kernels_(kernels),
      stride_((shape.positions + 15) / 16 * 16),
      keys_t_(slots * shape.layers * shape.heads * shape.depth * stride_),
      values_(slots * shape.layers * shape.heads * shape.depth * shape.positions) {}

void CrossCache::Store(size_t slot, size_t layer, const float* block, size_t begin, size_t rows) {
  const size_t width = shape_.heads * shape_.depth;
  float column[kRowsMax];
  CHECK(rows <= kRowsMax);
  for (size_t head = 0; head < shape_.heads; ++head) {
    uint16_t* keys_t = KeysT(slot, layer, head) + begin;
    uint16_t* values = Values(slot, layer, head) + begin * shape_.depth;
    const float* keys_in = block + head * shape_.depth;
    for (size_t row = 0; row < rows; ++row) {
      kernels_.to_half(keys_in + row * 2 * width + width, shape_.depth,
                       values + row * shape_.depth);
    }
    for (size_t d = 0; d < shape_.depth; ++d) {
      for (size_t row = 0; row < rows; ++row) column[row] = keys_in[row * 2 * width + d];
      kernels_.to_half(column, rows, keys_t + d * stride_);
    }
  }
}

Int8CrossCache::Int8CrossCache(const AudioShape& shape, size_t slots,
                               const kernels::Int8AttentionKernels& kernels)
    : shape_(shape),
      kernels_(kernels),
      head_shape_{shape.depth, shape.positions},
      heads_(slots * shape.layers * shape.heads * head_shape_.head_bytes()) {}

void Int8CrossCache::Store(size_t slot, size_t layer, const float* block, size_t begin,
                           size_t rows) {
  const size_t width = shape_.heads * shape_.depth;
  DCHECK(begin % kernels::kInt8Group == 0 && begin + rows <= shape_.positions);
  for (size_t head = 0; head < shape_.heads; ++head) {
    const float* keys = block + head * shape_.depth;
    kernels_.store({keys, keys + width, 2 * width, begin, rows}, head_shape_,
                   heads_.data() + Offset(slot, layer, head));
  }
}

}  // namespace verbatim::nn
