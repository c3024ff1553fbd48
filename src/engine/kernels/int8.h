// Matrix products on 8-bit integers: weights with a scale per output, activations with a scale and
// a zero point per row that are found on the way (dynamic quantisation). The integer sums are
// exact, so every instruction set finds the same ones, and a row's result depends on that row
// alone. Source: Dettmers et al. 2022, "LLM.int8()", section 2 (row-wise and column-wise scales).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/cpu.h"
#include "kernels/finish.h"

namespace verbatim::kernels {

// How a row was quantised: a number is scale * (integer - zero_point), the integer in [0, 255].
struct Int8Scale {
  float scale = 0;
  int32_t zero_point = 0;
};

// Some rows times some panels of weights, on the calling thread.
struct Int8Block {
  const std::byte* in = nullptr;         // quantised rows
  size_t in_stride = 0;                  // bytes from row to row
  const Int8Scale* in_scales = nullptr;  // [rows]
  size_t rows = 0;
  size_t inputs = 0;  // as padded: see Int8Kernels::input_padding

  // From here on all pointers begin at the first panel's first column.
  const int8_t* weights = nullptr;
  size_t panels = 0;
  size_t columns = 0;             // in use; the last panel may be partly filled
  const float* scales = nullptr;  // [columns]
  const int32_t* sums = nullptr;  // [columns]: of each column's weights
  const float* bias = nullptr;    // [columns], or none
  float* out = nullptr;           // [rows, columns]
  size_t out_stride = 0;
  Finish finish = Finish::kStore;
};

struct Int8Kernels {
  size_t panel_columns;  // weights are packed in panels of this many columns
  size_t input_bytes;    // of a quantised activation
  size_t input_step;     // inputs that follow each other in a panel
  size_t input_padding;  // inputs are padded with zeros to a multiple of this
  size_t spare_rows;     // so many rows behind the last one are read, whatever is in them

  // The range of the integers covers the row and zero. Shape: in [inputs], out [inputs, padded] of
  // input_bytes each.
  Int8Scale (*quantise)(const float* in, size_t inputs, std::byte* out);

  // Lays out one panel. Shape: weights [columns, inputs] of which columns may be fewer than a
  // panel's; panel [padded inputs / input_step, panel_columns, input_step].
  void (*pack)(const int8_t* weights, size_t columns, size_t inputs, int8_t* panel);

  void (*multiply)(const Int8Block& block);
};

// The table of a set. The set must be supported: a CHECK.
const Int8Kernels& Int8KernelsFor(InstructionSet set);

// Rows of activations, quantised. Reused: does not allocate once it has seen the largest size.
class Int8Rows {
 public:
  // Makes room for rows of `inputs`.
  void Resize(const Int8Kernels& kernels, size_t rows, size_t inputs);

  // Shape: in [inputs].
  void Quantise(const Int8Kernels& kernels, size_t row, const float* in) {
    scales_[row] = kernels.quantise(in, inputs_, values_.data() + row * stride_);
  }

  const std::byte* row(size_t index) const { return values_.data() + index * stride_; }
  const Int8Scale* scales() const { return scales_.data(); }
  size_t stride() const { return stride_; }

 private:
  Aligned<std::byte> values_;
  std::vector<Int8Scale> scales_;
  size_t inputs_ = 0;
  size_t stride_ = 0;
};

// Weights as 8-bit integers, packed for a set's kernels.
class Int8Matrix {
 public:
  // Room for weights [outputs, inputs]; the content is undefined until Pack.
  Int8Matrix(size_t outputs, size_t inputs, InstructionSet set);

  size_t outputs() const { return outputs_; }
  size_t inputs() const { return inputs_; }
  size_t panels() const {
    return (outputs_ + kernels_->panel_columns - 1) / kernels_->panel_columns;
  }
  size_t panel_columns() const { return kernels_->panel_columns; }
  const Int8Kernels& kernels() const { return *kernels_; }

  // Quantises and lays out some panels. Shape: weights [columns of the panels, inputs].
  // Thread: different panels may be packed at once.
  void Pack(const float* weights, size_t first_panel, size_t panels);

  // The weights of one output as they are after rounding. Shape: out [inputs].
  void Unpack(size_t output, float* out) const;

  struct Product {
    const Int8Rows* in = nullptr;
    size_t first_row = 0;
    size_t rows = 0;
    const float* bias = nullptr;  // [outputs], or none
    float* out = nullptr;         // [rows, outputs], from the first row and `out_column` on
    size_t out_stride = 0;
    Finish finish = Finish::kStore;
    size_t out_column = 0;
  };

  // Multiplies rows by some panels of columns. Thread: any number at once. Does not allocate.
  void Multiply(const Product& product, size_t first_panel, size_t panels) const;

 private:
  const Int8Kernels* kernels_;
  size_t outputs_;
  size_t inputs_;
  size_t padded_inputs_;
  Aligned<int8_t> weights_;
  Aligned<float> scales_;
  Aligned<int32_t> sums_;
};

}  // namespace verbatim::kernels
