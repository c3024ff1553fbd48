// A fully connected layer and the layer norm before it: weights made once at load, then immutable
// and shared.
#pragma once

#include <functional>
#include <span>
#include <variant>
#include <vector>

#include "kernels/gemm.h"
#include "kernels/int8.h"
#include "kernels/thread_pool.h"
#include "kernels/vector.h"
#include "nn/tensor.h"

namespace verbatim::nn {

// The likeliest of a layer's outputs, taken as logits.
struct LikelyOutput {
  size_t index = 0;  // the first, if several are as likely
  float value = 0;
  float log_sum = 0;  // the logarithm of the sum of all outputs' exponentials
};

// y = x W^T + b.
class Linear {
 public:
  // How products of the layer are computed. kBf16: kernels::HasProducts must hold. kInt8: weights
  // with a scale per output, activations with one per row.
  enum class Format { kF32, kBf16, kInt8 };

  // How the columns are packed in f32 and bf16: whole, for layers whose work is shared out by rows;
  // in panels, for those that see few rows at once and are shared out by columns.
  enum class Packing { kWhole, kPanels };

  // Fills `out` with rows [begin, begin + count) of the weights [n, k].
  using RowSource = std::function<void(size_t begin, size_t count, float* out)>;

  struct Options {
    size_t n = 0;
    size_t k = 0;
    Packing packing = Packing::kWhole;
    Format format = Format::kF32;
    kernels::InstructionSet set = kernels::InstructionSet::kPlain;  // of kInt8
  };

  // Shape: weights [n, k] read from `rows`; bias [n] or empty.
  Linear(const Options& options, const RowSource& rows, std::vector<float> bias,
         kernels::ThreadPool& pool);

  Format format() const { return format_; }
  size_t outputs() const;
  size_t inputs() const;

  // The weights of one output, of a layer in kInt8. Shape: out [inputs].
  void Unpack(size_t output, float* out) const;

  // Shape: in [rows, inputs], out [rows, outputs], dense; both with room for
  // kernels::PaddedRows(rows). On the calling thread. Thread: any number at once. Does not allocate
  // once the thread has seen the largest shape.
  void Apply(const float* in, size_t rows, kernels::Finish finish, float* out) const;

  // The same, shared out over the pool by columns.
  void ApplyParallel(const float* in, size_t rows, kernels::Finish finish, float* out,
                     kernels::ThreadPool& pool) const;

  // The likeliest output of each row, found while its products are in the cache: they are never
  // written to memory. Of a layer in kInt8 without bias. Shape: in [rows, inputs]; mask [outputs],
  // added to the outputs: minus infinity forbids one; out [rows].
  void FindLikeliest(const float* in, std::span<const float> mask,
                     const kernels::VectorKernels& kernels, kernels::ThreadPool& pool,
                     std::span<LikelyOutput> out) const;

 private:
  using Weights = std::variant<kernels::PackedMatrix, kernels::Int8Matrix>;

  static Weights MakeWeights(const Options& options);
  Format format_;
  Weights weights_;
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
