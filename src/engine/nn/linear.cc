#include "nn/linear.h"

#include <algorithm>

namespace verbatim::nn {
namespace {

// Small enough that the smallest matrix gives several threads work, large enough for the kernels to
// run at full speed.
constexpr size_t kPanelWidth = 256;

}  // namespace

Linear::Linear(const Options& options, const RowSource& rows, std::vector<float> bias,
               kernels::ThreadPool& pool)
    : packed_(options.n, options.k, options.packing == Packing::kWhole ? options.n : kPanelWidth),
      bias_(std::move(bias)) {
  const size_t width = options.packing == Packing::kWhole ? options.n : kPanelWidth;
  std::vector<std::vector<float>> panel_rows(pool.threads());
  pool.Run(packed_.panels(), [&](size_t panel, size_t thread) {
    std::vector<float>& buffer = panel_rows[thread];
    buffer.resize(width * options.k);
    const size_t begin = panel * width;
    rows(begin, std::min(width, options.n - begin), buffer.data());
    packed_.Pack({buffer.data(), options.k, 1}, panel);
  });
}

void Linear::ApplyPanel(const float* in, size_t rows, kernels::Finish finish, float* out,
                        size_t panel) const {
  packed_.Multiply(
      {in, inputs(), rows, bias_.empty() ? nullptr : bias_.data(), out, outputs(), finish}, panel);
}

void Linear::Apply(const float* in, size_t rows, kernels::Finish finish, float* out) const {
  for (size_t panel = 0; panel < panels(); ++panel) ApplyPanel(in, rows, finish, out, panel);
}

void Linear::ApplyParallel(const float* in, size_t rows, kernels::Finish finish, float* out,
                           kernels::ThreadPool& pool) const {
  pool.Run(panels(), [&](size_t panel, size_t) { ApplyPanel(in, rows, finish, out, panel); });
}

void LayerNorm::Apply(const kernels::VectorKernels& kernels, const float* in, size_t rows,
                      float* out) const {
  const size_t width = gamma.size();
  for (size_t row = 0; row < rows; ++row) {
    kernels.layer_norm(in + row * width, gamma.data(), beta.data(), width, out + row * width);
  }
}

}  // namespace verbatim::nn
