// A fully connected layer and the layer norm before it: weights made once at load, then immutable
// and shared.
#pragma once

#include <functional>
#include <vector>

#include "kernels/gemm.h"
#include "kernels/thread_pool.h"
#include "kernels/vector.h"
#include "nn/tensor.h"

namespace verbatim::nn {

// y = x W^T + b.
class Linear {
 public:
  // How the columns are packed: whole, for layers whose work is shared out by rows; in panels, for
  // those that see few rows at once and are shared out by columns.
  enum class Packing { kWhole, kPanels };

  // Fills `out` with rows [begin, begin + count) of the weights [n, k].
  using RowSource = std::function<void(size_t begin, size_t count, float* out)>;

  struct Options {
    size_t n = 0;
    size_t k = 0;
    Packing packing = Packing::kWhole;
  };

  // Shape: weights [n, k] read from `rows`; bias [n] or empty.
  Linear(const Options& options, const RowSource& rows, std::vector<float> bias,
         kernels::ThreadPool& pool);

  size_t outputs() const { return packed_.n(); }
  size_t inputs() const { return packed_.k(); }
  size_t panels() const { return packed_.panels(); }

  // One panel of the outputs. Shape: in [rows, inputs], out [rows, outputs], dense; both with room
  // for kernels::PaddedRows(rows). Thread: any number at once.
  void ApplyPanel(const float* in, size_t rows, kernels::Finish finish, float* out,
                  size_t panel) const;

  // All panels, on the calling thread.
  void Apply(const float* in, size_t rows, kernels::Finish finish, float* out) const;

  // All panels, shared out over the pool.
  void ApplyParallel(const float* in, size_t rows, kernels::Finish finish, float* out,
                     kernels::ThreadPool& pool) const;

 private:
  kernels::PackedMatrix packed_;
  std::vector<float> bias_;
};

// Source: Ba et al. 2016, "Layer Normalization".
struct LayerNorm {
  std::vector<float> gamma;
  std::vector<float> beta;

  // Shape: in and out [rows, gamma.size()], dense.
  void Apply(const kernels::VectorKernels& kernels, const float* in, size_t rows, float* out) const;
};

}  // namespace verbatim::nn
