#include "whisper/alignment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/check.h"

namespace verbatim::whisper {
namespace {

constexpr size_t kMargin = kernels::kMedianWidth / 2;

// A grid of numbers, row by row.
struct Grid {
  Grid(size_t row_count, size_t column_count)
      : rows(row_count), columns(column_count), values(row_count * column_count) {}

  std::span<float> row(size_t index) { return std::span(values).subspan(index * columns, columns); }
  std::span<const float> row(size_t index) const {
    return std::span(values).subspan(index * columns, columns);
  }

  size_t rows;
  size_t columns;
  std::vector<float> values;
};

// What makes a row sum to one. What is no weight (NaN, below zero) counts as zero, and a row
// without weights stays zero.
float FactorOf(float sum) {
  const float factor = 1 / sum;
  return std::isnormal(sum) && std::isnormal(factor) ? factor : 0.0F;
}

// Mirrors a row in the margins at its ends, its outermost value not repeated.
void Mirror(std::span<float> padded) {
  const size_t end = padded.size() - kMargin;
  for (size_t i = 0; i < kMargin; ++i) {
    padded[kMargin - 1 - i] = padded[kMargin + 1 + i];
    padded[end + i] = padded[end - 2 - i];
  }
}

// Adds a row that has margins, smoothed. A row no longer than the margin is left as it is, as the
// reference does.
void AddSmoothed(std::span<float> padded, const kernels::VectorKernels& kernels,
                 std::span<float> sums) {
  if (sums.size() > kMargin) {
    Mirror(padded);
    kernels.add_median(padded.data(), sums.size(), sums.data());
  } else {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += padded[kMargin + i];
  }
}

// How well each token fits each frame, summed over the heads (the path is the same for the sum as
// for the mean).
Grid MakeFit(const AlignmentWeights& weights, size_t context_rows,
             const kernels::VectorKernels& kernels) {
  Grid fit(weights.tokens, weights.frames);
  Grid head(context_rows + weights.tokens + weights.trailing_rows, weights.frames + 2 * kMargin);
  std::vector<float> factors(head.rows);
  for (size_t index = 0; index < weights.heads; ++index) {
    const float* values = weights.values.data() + index * head.rows * weights.frames_max;
    for (size_t row = 0; row < head.rows; ++row) {
      factors[row] =
          FactorOf(kernels.positive_sum(values + row * weights.frames_max, weights.frames));
    }
    kernels.standardise({values, factors.data(), weights.frames_max, head.rows, weights.frames},
                        head.values.data() + kMargin, head.columns);
    for (size_t row = 0; row < fit.rows; ++row) {
      AddSmoothed(head.row(context_rows + row), kernels, fit.row(row));
    }
  }
  return fit;
}

// Where the best path comes from.
enum class Step : uint8_t { kFrame, kToken, kBoth };

// For each token and frame the last step of the cheapest path that ends there; every pair on a path
// costs minus its fit.
std::vector<Step> MakeSteps(const Grid& fit) {
  constexpr float kNever = std::numeric_limits<float>::infinity();
  std::vector<Step> steps(fit.values.size());
  std::vector<float> costs(fit.columns, kNever);  // of the row before, then of this one
  for (size_t row = 0; row < fit.rows; ++row) {
    const std::span<const float> values = fit.row(row);
    float diagonal = row == 0 ? 0 : kNever;
    float left = kNever;
    for (size_t i = 0; i < values.size(); ++i) {
      const float above = costs[i];
      const float from_above = diagonal <= above ? diagonal : above;
      const Step step_from_above = diagonal <= above ? Step::kBoth : Step::kToken;
      steps[row * fit.columns + i] = from_above < left ? step_from_above : Step::kFrame;
      left = (from_above < left ? from_above : left) - values[i];
      diagonal = above;
      costs[i] = left;
    }
  }
  return steps;
}

// Walks back from the last token at the last frame; the first frame of each token remains.
std::vector<int32_t> FirstFrames(const Grid& fit) {
  const std::vector<Step> steps = MakeSteps(fit);
  std::vector<int32_t> first_frames(fit.rows);
  size_t row = fit.rows - 1;
  size_t frame = fit.columns - 1;
  while (row > 0 || frame > 0) {
    first_frames[row] = static_cast<int32_t>(frame);
    const Step step = steps[row * fit.columns + frame];
    if (step != Step::kToken) --frame;
    if (step != Step::kFrame) --row;
  }
  first_frames[0] = 0;
  return first_frames;
}

}  // namespace

std::vector<int32_t> AlignTokens(const AlignmentWeights& weights, size_t context_rows,
                                 const kernels::VectorKernels& kernels) {
  const size_t rows = context_rows + weights.tokens + weights.trailing_rows;
  CHECK(weights.values.size() == weights.heads * rows * weights.frames_max);
  CHECK(weights.frames <= weights.frames_max);
  if (weights.tokens == 0 || weights.frames == 0) return std::vector<int32_t>(weights.tokens);
  return FirstFrames(MakeFit(weights, context_rows, kernels));
}

}  // namespace verbatim::whisper
