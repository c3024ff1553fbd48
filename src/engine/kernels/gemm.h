// Matrix products with a packed right side, on oneDNN: weights are laid out once and shared by all
// threads; each call multiplies some rows by one panel of columns on the calling thread, so
// parallel work is a matter of handing out panels and blocks of rows. A row's result depends on
// that row alone, bit for bit: never on how many rows go along, nor on the thread. That is why a
// transcript is the same in any batch.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/finish.h"

namespace verbatim::kernels {

// A block of rows that fits the cache; encoders hand out work in blocks of this many.
inline constexpr size_t kRowBlock = 96;

// Calls work on a few fixed numbers of rows. `in` and `out` must have room for this many, whatever
// is in the rest.
size_t PaddedRows(size_t rows);

// What weights are stored in and activations are rounded to; sums are single precision.
enum class NumberType { kF32, kBf16 };

// Whether this CPU has instructions for the type. Without them oneDNN would emulate bf16, more
// slowly than f32 and with sums that depend on the number of rows.
bool HasProducts(NumberType type);

// A view of a matrix of weights: element (n, k) is data[n * n_stride + k * k_stride].
struct WeightsView {
  const float* data = nullptr;
  size_t n_stride = 0;
  size_t k_stride = 1;
};

struct Product {
  const float* in = nullptr;  // [rows, k]
  size_t in_stride = 0;       // floats from row to row, at least k
  size_t rows = 0;
  const float* bias = nullptr;  // [n] of the whole matrix, or none
  float* out = nullptr;         // [rows, n] of the whole matrix
  size_t out_stride = 0;
  Finish finish = Finish::kStore;
};

// The right side of products: weights in the layout that the kernels read fastest.
class PackedMatrix {
 public:
  // Room for weights [n, k]; the content is undefined until Pack. Panels are `panel_width` columns
  // wide, the last one may be narrower. HasProducts(type) must hold.
  PackedMatrix(size_t n, size_t k, size_t panel_width, NumberType type = NumberType::kF32);
  PackedMatrix(PackedMatrix&&) noexcept;
  PackedMatrix& operator=(PackedMatrix&&) noexcept;
  ~PackedMatrix();

  size_t outputs() const;
  size_t inputs() const;
  size_t panels() const;

  // Lays out one panel. The view begins at the panel's first row of weights. Thread: different
  // panels may be packed at once. Does not allocate after the thread's first call for a shape.
  void Pack(const WeightsView& weights, size_t panel);

  // out[:, panel] = in * weights[panel]^T, finished as asked.
  // Thread: any number at once, after PrepareThread(). Allocates only for a shape that is new to
  // the thread.
  void Multiply(const Product& product, size_t panel) const;

 private:
  struct Panels;
  std::unique_ptr<Panels> data_;
};

}  // namespace verbatim::kernels
