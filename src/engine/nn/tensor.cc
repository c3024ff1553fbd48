#include "nn/tensor.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "kernels/vector.h"

namespace verbatim::nn {
namespace {

template <typename Number>
Number ReadAt(std::span<const std::byte> bytes, size_t index) {
  Number number;
  std::memcpy(&number, bytes.data() + index * sizeof(Number), sizeof(Number));
  return number;
}

template <typename Number>
void Convert(std::span<const std::byte> bytes, size_t begin, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(ReadAt<Number>(bytes, begin + i));
}

// Half floats may lie at odd addresses: they pass through an aligned buffer.
void ConvertHalf(std::span<const std::byte> bytes, size_t begin, size_t count, float* out) {
  constexpr size_t kChunk = 1024;
  uint16_t aligned[kChunk];
  for (size_t done = 0; done < count; done += kChunk) {
    const size_t chunk = std::min(kChunk, count - done);
    std::memcpy(aligned, bytes.data() + (begin + done) * 2, chunk * 2);
    kernels::HalfToFloat(aligned, chunk, out + done);
  }
}

}  // namespace

size_t SizeOf(NumberFormat format) {
  switch (format) {
    case NumberFormat::kI8: return 1;
    case NumberFormat::kI16:
    case NumberFormat::kF16: return 2;
    case NumberFormat::kF32:
    case NumberFormat::kI32: return 4;
  }
  return 4;
}

size_t TensorView::count() const {
  size_t count = 1;
  for (size_t extent : shape) count *= extent;
  return count;
}

void TensorView::CopyRows(size_t begin, size_t row_count, float* out) const {
  CHECK(begin + row_count <= rows());
  const size_t first = begin * row_size();
  const size_t total = row_count * row_size();
  if (total == 0) return;
  switch (format) {
    case NumberFormat::kF32:
      std::memcpy(out, bytes.data() + first * sizeof(float), total * sizeof(float));
      break;
    case NumberFormat::kF16: ConvertHalf(bytes, first, total, out); break;
    case NumberFormat::kI8: Convert<int8_t>(bytes, first, total, out); break;
    case NumberFormat::kI16: Convert<int16_t>(bytes, first, total, out); break;
    case NumberFormat::kI32: Convert<int32_t>(bytes, first, total, out); break;
  }
  if (row_scales.empty()) return;
  for (size_t row = 0; row < row_count; ++row) {
    const float scale = ReadAt<float>(row_scales, begin + row);
    for (size_t i = 0; i < row_size(); ++i) out[row * row_size() + i] /= scale;
  }
}

std::vector<float> TensorView::ToFloats() const {
  std::vector<float> floats(count());
  CopyRows(0, rows(), floats.data());
  return floats;
}

}  // namespace verbatim::nn
