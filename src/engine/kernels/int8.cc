#include "kernels/int8.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/impl/sets.h"

namespace verbatim::kernels {
namespace {

size_t RoundUp(size_t n, size_t step) { return (n + step - 1) / step * step; }

}  // namespace

const Int8Kernels& Int8KernelsFor(InstructionSet set) {
  CHECK(IsSupported(set));
  switch (set) {
#if defined(__x86_64__)
    case InstructionSet::kAvx2: return avx2::kInt8;
    case InstructionSet::kAvx2Vnni: return avx2_vnni::kInt8;
    case InstructionSet::kAvx512: return avx512::kInt8;
    case InstructionSet::kAvx512Vnni: return avx512_vnni::kInt8;
    case InstructionSet::kAvx512Bf16: return avx512_bf16::kInt8;
    case InstructionSet::kAmx: return amx::kInt8;
#endif
    default: return plain::kInt8;
  }
}

void Int8Rows::Resize(const Int8Kernels& kernels, size_t rows, size_t inputs) {
  inputs_ = inputs;
  stride_ = RoundUp(inputs, kernels.input_padding) * kernels.input_bytes;
  const size_t size = (rows + kernels.spare_rows) * stride_;
  if (values_.size() < size) values_ = Aligned<std::byte>(size);
  if (scales_.size() < rows) scales_.resize(rows);
}

Int8Matrix::Int8Matrix(size_t outputs, size_t inputs, InstructionSet set)
    : kernels_(&Int8KernelsFor(set)),
      outputs_(outputs),
      inputs_(inputs),
      padded_inputs_(RoundUp(inputs, kernels_->input_padding)),
      weights_(panels() * kernels_->panel_columns * padded_inputs_),
      scales_(outputs),
      sums_(outputs) {}

// Weights that are 8-bit integers times a scale already come out as the same integers.
void Int8Matrix::Pack(const float* weights, size_t first_panel, size_t panels) {
  const size_t width = panel_columns();
  std::vector<int8_t> rows(width * inputs_);
  for (size_t panel = first_panel; panel < first_panel + panels; ++panel) {
    const size_t begin = panel * width;
    const size_t count = std::min(width, outputs_ - begin);
    for (size_t column = 0; column < count; ++column) {
      const float* from = weights + ((panel - first_panel) * width + column) * inputs_;
      int8_t* to = rows.data() + column * inputs_;
      float largest = 0;
      for (size_t i = 0; i < inputs_; ++i) largest = std::max(largest, std::abs(from[i]));
      const float factor = largest > 0 ? 127.0F / largest : 0.0F;
      int32_t sum = 0;
      for (size_t i = 0; i < inputs_; ++i) {
        to[i] = static_cast<int8_t>(std::lrint(from[i] * factor));
        sum += to[i];
      }
      scales_.data()[begin + column] = largest / 127.0F;
      sums_.data()[begin + column] = sum;
    }
    kernels_->pack(rows.data(), count, inputs_, weights_.data() + panel * width * padded_inputs_);
  }
}

void Int8Matrix::Unpack(size_t output, float* out) const {
  DCHECK(output < outputs_);
  const size_t step = kernels_->input_step;
  const size_t width = panel_columns();
  const int8_t* column =
      weights_.data() + output / width * width * padded_inputs_ + output % width * step;
  for (size_t i = 0; i < inputs_; ++i) {
    out[i] =
        static_cast<float>(column[i / step * width * step + i % step]) * scales_.data()[output];
  }
}

void Int8Matrix::Multiply(const Product& product, size_t first_panel, size_t panels) const {
  DCHECK(first_panel + panels <= this->panels());
  const size_t column = first_panel * panel_columns();
  Int8Block block;
  block.in = product.in->row(product.first_row);
  block.in_stride = product.in->stride();
  block.in_scales = product.in->scales() + product.first_row;
  block.rows = product.rows;
  block.inputs = padded_inputs_;
  block.weights = weights_.data() + column * padded_inputs_;
  block.panels = panels;
  block.columns = std::min(panels * panel_columns(), outputs_ - column);
  block.scales = scales_.data() + column;
  block.sums = sums_.data() + column;
  block.bias = product.bias == nullptr ? nullptr : product.bias + column;
  block.out = product.out + (column - product.out_column);
  block.out_stride = product.out_stride;
  block.finish = product.finish;
  kernels_->multiply(block);
}

}  // namespace verbatim::kernels
