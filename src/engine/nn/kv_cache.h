// What the decoder's attention remembers. SelfCache: keys and values of the tokens of each row (a
// hypothesis), with shared history, so that beams branch without copying. CrossCache: keys and
// values of the audio of each slot (a window).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/int8_attention.h"
#include "kernels/vector.h"
#include "nn/buffer.h"

namespace verbatim::nn {

struct CacheShape {
  size_t layers = 0;
  size_t width = 0;      // heads * depth
  size_t positions = 0;  // the most tokens a row may hold
};

class SelfCache {
 public:
  SelfCache(const CacheShape& shape, size_t rows);

  // Where a row's own key and value for a position go. Shape: [width] each. Marks the position as
  // the row's own.
  float* Key(size_t layer, size_t row, size_t position);
  float* Value(size_t layer, size_t row, size_t position);

  // What a row sees at a position of its history: its own entry or an ancestor's.
  const float* SeenKey(size_t layer, size_t row, size_t position) const;
  const float* SeenValue(size_t layer, size_t row, size_t position) const;

  // What a row sees up to a position, as the kernel for it takes it; heads and depth are left open.
  kernels::History Seen(size_t layer, size_t row, size_t count) const;

  // Says that row's entry of a position is its own from now on. Called before the layers write it.
  void Own(size_t row, size_t position);

  // Gives each of `rows` the history of the row at the same index of `parents`, for positions below
  // `length`. Both are rows of one window; entries stay where they are, so rows of a window are
  // reused only when the window ends.
  void Branch(std::span<const uint16_t> rows, std::span<const uint16_t> parents, size_t length);

 private:
  size_t Offset(size_t layer, size_t row, size_t position) const {
    return ((layer * rows_ + row) * shape_.positions + position) * shape_.width;
  }

  CacheShape shape_;
  size_t rows_;
  Buffer keys_;
  Buffer values_;
  std::vector<uint16_t> owners_;   // [rows, positions]: whose entry a row sees
  std::vector<uint16_t> scratch_;  // Branch's copy of the parents' owners
};

struct AudioShape {
  size_t layers = 0;
  size_t heads = 0;
  size_t depth = 0;
  size_t positions = 0;  // 1500
};

class CrossCache {
 public:
  CrossCache(const AudioShape& shape, size_t slots, const kernels::VectorKernels& kernels);

  // Shape: half floats, keys_t [depth, stride()], values [positions, depth].
  uint16_t* KeysT(size_t slot, size_t layer, size_t head) {
    return keys_t_.data() + KeyOffset(slot, layer, head);
  }
  uint16_t* Values(size_t slot, size_t layer, size_t head) {
    return values_.data() + ValueOffset(slot, layer, head);
  }
  const uint16_t* KeysT(size_t slot, size_t layer, size_t head) const {
    return keys_t_.data() + KeyOffset(slot, layer, head);
  }
  const uint16_t* Values(size_t slot, size_t layer, size_t head) const {
    return values_.data() + ValueOffset(slot, layer, head);
  }

  size_t stride() const { return stride_; }

  // Of the keys and values that one layer reads of one slot.
  size_t LayerBytes() const {
    return shape_.heads * shape_.depth * 2 * shape_.positions * sizeof(uint16_t);
  }

  // Takes over a block of keys and values as the projection writes them.
  // Shape: block [rows, 2 * heads * depth]: keys, then values; it holds positions [begin, begin +
  // rows).
  void Store(size_t slot, size_t layer, const float* block, size_t begin, size_t rows);

 private:
  size_t Index(size_t slot, size_t layer, size_t head) const {
    return (slot * shape_.layers + layer) * shape_.heads + head;
  }
  size_t KeyOffset(size_t slot, size_t layer, size_t head) const {
    return Index(slot, layer, head) * shape_.depth * stride_;
  }
  size_t ValueOffset(size_t slot, size_t layer, size_t head) const {
    return Index(slot, layer, head) * shape_.depth * shape_.positions;
  }

  AudioShape shape_;
  const kernels::VectorKernels& kernels_;
  size_t stride_;
  HalfBuffer keys_t_;
  HalfBuffer values_;
};

// How keys and values of the audio are kept.
enum class AudioFormat { kHalf, kInt8 };

// The same as 8-bit integers: half the memory, and a kernel of its own.
class Int8CrossCache {
 public:
  Int8CrossCache(const AudioShape& shape, size_t slots,
                 const kernels::Int8AttentionKernels& kernels);

  // As CrossCache::Store; `begin` is a multiple of kernels::kInt8Group. Of the positions of a slot,
  // those below the last one stored may be attended to.
  void Store(size_t slot, size_t layer, const float* block, size_t begin, size_t rows);

  // Shape: scratch [scratch_size()].
  void Attend(size_t slot, size_t layer, size_t head, const kernels::Int8Queries& queries,
              float* scratch) const {
    kernels_.attend(queries, head_shape_, heads_.data() + Offset(slot, layer, head), scratch);
  }

  size_t scratch_size() const { return head_shape_.scratch_size(); }

  // Of the keys and values that one layer reads of one slot.
  size_t LayerBytes() const { return shape_.heads * head_shape_.head_bytes(); }

 private:
  size_t Offset(size_t slot, size_t layer, size_t head) const {
    return ((slot * shape_.layers + layer) * shape_.heads + head) * head_shape_.head_bytes();
  }

  AudioShape shape_;
  const kernels::Int8AttentionKernels& kernels_;
  kernels::Int8HeadShape head_shape_;
  kernels::Aligned<std::byte> heads_;  // [slots, layers, heads]
};

}  // namespace verbatim::nn
