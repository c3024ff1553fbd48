// A tensor as it lies in a model file: shape, number format and bytes. Nothing is converted until
// rows are copied out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace verbatim::nn {

enum class NumberFormat { kF32, kI8, kI16, kI32, kF16 };

size_t SizeOf(NumberFormat format);  // bytes of one number

struct TensorView {
  std::vector<size_t> shape;  // empty for a single number
  NumberFormat format = NumberFormat::kF32;
  std::span<const std::byte> bytes;  // count() numbers, little-endian, any alignment
  std::span<const std::byte>
      row_scales;  // of kI8: f32 [shape[0]]; a value is number / scale. Empty: no scales

  size_t count() const;  // product of the shape
  size_t rows() const { return shape.empty() ? 1 : shape[0]; }
  size_t row_size() const { return rows() == 0 ? 0 : count() / rows(); }

  // Converts rows [begin, begin + rows) to floats. Shape: out [rows, row_size()].
  void CopyRows(size_t begin, size_t row_count, float* out) const;

  // The whole tensor as floats.
  std::vector<float> ToFloats() const;
};

}  // namespace verbatim::nn
