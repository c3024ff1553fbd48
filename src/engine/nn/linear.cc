#include "nn/linear.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace verbatim::nn {
namespace {

using kernels::Finish;
using kernels::Int8Matrix;
using kernels::Int8Rows;
using kernels::PackedMatrix;

// Columns that one thread works on at a time: few enough that the smallest matrix gives several
// threads work, enough for the kernels to run at full speed.
constexpr size_t kPartWidth = 256;

// The rows of the product at hand, quantised. One per thread, so that threads which share out rows
// need no buffers from their callers.
Int8Rows& Quantised(const Int8Matrix& matrix, const float* in, size_t rows) {
  thread_local Int8Rows quantised;
  quantised.Resize(matrix.kernels(), rows, matrix.inputs());
  for (size_t row = 0; row < rows; ++row) {
    quantised.Quantise(matrix.kernels(), row, in + row * matrix.inputs());
  }
  return quantised;
}

size_t PanelsPerPart(const Int8Matrix& matrix) { return kPartWidth / matrix.panel_columns(); }

// Outputs among which the likeliest is sought at a time: for a few rows they fit the cache.
constexpr size_t kSearchWidth = 1024;

// Joins what was found in the parts of one row; the order of the parts is that of the outputs.
LikelyOutput Join(const LikelyOutput* parts, size_t count, size_t stride) {
  LikelyOutput joined = parts[0];
  for (size_t part = 1; part < count; ++part) {
    const LikelyOutput& found = parts[part * stride];
    if (found.value > joined.value) joined = found;
  }
  if (std::isinf(joined.value)) return joined;  // all are forbidden
  float sum = 0;
  for (size_t part = 0; part < count; ++part) {
    sum += std::exp(parts[part * stride].log_sum - joined.value);
  }
  joined.log_sum = joined.value + std::log(sum);
  return joined;
}

// Room that a thread keeps for its next call.
template <typename Value>
Value* Kept(std::vector<Value>& room, size_t size) {
  if (room.size() < size) room.resize(size);
  return room.data();
}

// Packs weights part by part.
class Packer {
 public:
  Packer(const Linear::Options& options, const Linear::RowSource& rows, kernels::ThreadPool& pool)
      : options_(options), rows_(rows), pool_(pool), buffers_(pool.threads()) {}

  void operator()(PackedMatrix& matrix) {
    const size_t width = options_.packing == Linear::Packing::kWhole ? options_.n : kPartWidth;
    ForEachPart(width, [&](size_t part, const float* weights) {
      matrix.Pack({weights, options_.k, 1}, part);
    });
  }

  void operator()(Int8Matrix& matrix) {
    ForEachPart(kPartWidth, [&](size_t part, const float* weights) {
      const size_t first = part * PanelsPerPart(matrix);
      matrix.Pack(weights, first, std::min(PanelsPerPart(matrix), matrix.panels() - first));
    });
  }

 private:
  template <typename Pack>
  void ForEachPart(size_t width, const Pack& pack) {
    const size_t parts = (options_.n + width - 1) / width;
    pool_.Run(parts, [&](size_t part, size_t thread) {
      std::vector<float>& buffer = buffers_[thread];
      buffer.resize(width * options_.k);
      rows_(part * width, std::min(width, options_.n - part * width), buffer.data());
      pack(part, buffer.data());
    });
  }

  const Linear::Options& options_;
  const Linear::RowSource& rows_;
  kernels::ThreadPool& pool_;
  std::vector<std::vector<float>> buffers_;
};

}  // namespace

Linear::Weights Linear::MakeWeights(const Options& options) {
  if (options.format == Format::kInt8) return Int8Matrix(options.n, options.k, options.set);
  const auto type =
      options.format == Format::kBf16 ? kernels::NumberType::kBf16 : kernels::NumberType::kF32;
  return PackedMatrix(options.n, options.k,
                      options.packing == Packing::kWhole ? options.n : kPartWidth, type);
}

Linear::Linear(const Options& options, const RowSource& rows, std::vector<float> bias,
               kernels::ThreadPool& pool)
    : format_(options.format), weights_(MakeWeights(options)), bias_(std::move(bias)) {
  std::visit(Packer(options, rows, pool), weights_);
}

size_t Linear::outputs() const {
  return std::visit([](const auto& matrix) { return matrix.outputs(); }, weights_);
}

size_t Linear::inputs() const {
  return std::visit([](const auto& matrix) { return matrix.inputs(); }, weights_);
}

void Linear::Unpack(size_t output, float* out) const {
  std::get<Int8Matrix>(weights_).Unpack(output, out);
}

void Linear::Apply(const float* in, size_t rows, Finish finish, float* out) const {
  const float* bias = bias_.empty() ? nullptr : bias_.data();
  if (const auto* matrix = std::get_if<Int8Matrix>(&weights_)) {
    const Int8Rows& quantised = Quantised(*matrix, in, rows);
    matrix->Multiply({&quantised, 0, rows, bias, out, outputs(), finish}, 0, matrix->panels());
    return;
  }
  const auto& matrix = std::get<PackedMatrix>(weights_);
  for (size_t panel = 0; panel < matrix.panels(); ++panel) {
    matrix.Multiply({in, inputs(), rows, bias, out, outputs(), finish}, panel);
  }
}

void Linear::ApplyParallel(const float* in, size_t rows, Finish finish, float* out,
                           kernels::ThreadPool& pool) const {
  const float* bias = bias_.empty() ? nullptr : bias_.data();
  if (const auto* matrix = std::get_if<Int8Matrix>(&weights_)) {
    const Int8Rows& quantised = Quantised(*matrix, in, rows);
    const Int8Matrix::Product product{&quantised, 0, rows, bias, out, outputs(), finish};
    const size_t step = PanelsPerPart(*matrix);
    pool.Run((matrix->panels() + step - 1) / step, [&](size_t part, size_t) {
      const size_t first = part * step;
      matrix->Multiply(product, first, std::min(step, matrix->panels() - first));
    });
    return;
  }
  const auto& matrix = std::get<PackedMatrix>(weights_);
  pool.Run(matrix.panels(), [&](size_t panel, size_t) {
    matrix.Multiply({in, inputs(), rows, bias, out, outputs(), finish}, panel);
  });
}

void Linear::FindLikeliest(const float* in, std::span<const float> mask,
                           const kernels::VectorKernels& kernels, kernels::ThreadPool& pool,
                           std::span<LikelyOutput> out) const {
  const auto& matrix = std::get<Int8Matrix>(weights_);
  CHECK(bias_.empty() && mask.size() == outputs());
  const size_t rows = out.size();
  const Int8Rows& quantised = Quantised(matrix, in, rows);
  const size_t step = kSearchWidth / matrix.panel_columns();
  const size_t parts = (matrix.panels() + step - 1) / step;
  // All room is the calling thread's: a helper may come late to its first part.
  thread_local std::vector<LikelyOutput> found;
  thread_local std::vector<float> tiles;
  LikelyOutput* const found_parts = Kept(found, parts * rows);  // [parts, rows]
  float* const tile_of_threads = Kept(tiles, pool.threads() * rows * kSearchWidth);
  pool.Run(parts, [&](size_t part, size_t thread) {
    const size_t column = part * step * matrix.panel_columns();
    const size_t width = std::min(kSearchWidth, outputs() - column);
    float* tile = tile_of_threads + thread * rows * kSearchWidth;
    matrix.Multiply({&quantised, 0, rows, mask.data(), tile, kSearchWidth, Finish::kStore, column},
                    part * step, std::min(step, matrix.panels() - part * step));
    for (size_t row = 0; row < rows; ++row) {
      const float* values = tile + row * kSearchWidth;
      const kernels::Likeliest likeliest = kernels.likeliest(values, width);
      found_parts[part * rows + row] = {column + likeliest.index, values[likeliest.index],
                                        likeliest.log_sum};
    }
  });
  for (size_t row = 0; row < rows; ++row) out[row] = Join(found_parts + row, parts, rows);
}

void LayerNorm::Apply(const kernels::VectorKernels& kernels, const float* in, size_t rows,
                      float* out) const {
  const size_t width = gamma.size();
  for (size_t row = 0; row < rows; ++row) {
    kernels.layer_norm(in + row * width, gamma.data(), beta.data(), width, out + row * width);
  }
}

}  // namespace verbatim::nn
