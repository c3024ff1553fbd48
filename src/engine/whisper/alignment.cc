#include "whisper/alignment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "base/check.h"

namespace verbatim::whisper {
namespace {

constexpr size_t kMedianWidth = 7;
constexpr size_t kMargin = kMedianWidth / 2;

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

// Copies a row so that it sums to one. What is no weight (NaN, below zero) counts as zero, and a
// row without weights stays zero.
void CopyNormalised(std::span<const float> from, std::span<float> to) {
  constexpr size_t kLanes = 8;
  std::array<float, kLanes> sums{};
  for (size_t i = 0; i < from.size(); ++i) to[i] = from[i] > 0 ? from[i] : 0.0f;
  size_t i = 0;
  for (; i + kLanes <= to.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += to[i + lane];
  }
  for (; i < to.size(); ++i) sums[0] += to[i];
  float sum = 0;
  for (const float lane_sum : sums) sum += lane_sum;
  const float scale = 1 / sum;
  const bool is_usable = std::isnormal(sum) && std::isnormal(scale);
  for (float& value : to) value = is_usable ? value * scale : 0.0f;
}

// Shifts and scales each column to mean 0 and (population) deviation 1. A column that does not
// vary, as far as 32 bits can tell, says nothing about where a token is: it becomes zero.
void StandardiseColumns(Grid& grid) {
  const auto count = static_cast<float>(grid.rows);
  std::vector<float> means(grid.columns);
  std::vector<float> scales(grid.columns);
  for (size_t row = 0; row < grid.rows; ++row) {
    const std::span<const float> values = grid.row(row);
    for (size_t i = 0; i < values.size(); ++i) means[i] += values[i];
  }
  for (float& mean : means) mean /= count;
  for (size_t row = 0; row < grid.rows; ++row) {
    const std::span<const float> values = grid.row(row);
    for (size_t i = 0; i < values.size(); ++i) {
      scales[i] += (values[i] - means[i]) * (values[i] - means[i]);
    }
  }
  for (size_t i = 0; i < scales.size(); ++i) {
    const float deviation = std::sqrt(scales[i] / count);
    scales[i] = deviation > 1e-6f * means[i] ? 1 / deviation : 0.0f;
    if (!std::isfinite(scales[i])) scales[i] = 0;
  }
  for (size_t row = 0; row < grid.rows; ++row) {
    const std::span<float> values = grid.row(row);
    for (size_t i = 0; i < values.size(); ++i) values[i] = (values[i] - means[i]) * scales[i];
  }
}

void Order(float& low, float& high) {
  const float a = low;
  const float b = high;
  low = a < b ? a : b;
  high = a < b ? b : a;
}

// The 13 comparisons of a sorting network that decide the middle one.
float MedianOf7(const float* values) {
  float a = values[0], b = values[1], c = values[2], d = values[3];
  float e = values[4], f = values[5], g = values[6];
  Order(a, f), Order(a, d), Order(b, g), Order(c, e), Order(a, b), Order(d, f), Order(c, g);
  Order(c, d), Order(d, g), Order(e, f), Order(b, e), Order(b, d), Order(d, e);
  return d;
}

// Adds the median-filtered row to `sums`. `padded` is scratch of kMargin more on each side; the row
// is mirrored there, its outermost value not repeated. A row no longer than the margin is left as
// it is, as the reference does.
void AddFiltered(std::span<const float> row, std::span<float> padded, std::span<float> sums) {
  if (row.size() <= kMargin) {
    for (size_t i = 0; i < row.size(); ++i) sums[i] += row[i];
    return;
  }
  std::ranges::copy(row, padded.begin() + kMargin);
  for (size_t i = 0; i < kMargin; ++i) {
    padded[kMargin - 1 - i] = row[i + 1];
    padded[kMargin + row.size() + i] = row[row.size() - 2 - i];
  }
  for (size_t i = 0; i < row.size(); ++i) sums[i] += MedianOf7(padded.data() + i);
}

// How well each token fits each frame, summed over the heads (the path is the same for the sum as
// for the mean).
Grid MakeFit(const AlignmentWeights& weights, size_t context_rows) {
  Grid fit(weights.tokens, weights.frames);
  Grid head(context_rows + weights.tokens + weights.trailing_rows, weights.frames);
  std::vector<float> padded(weights.frames + 2 * kMargin);
  for (size_t index = 0; index < weights.heads; ++index) {
    for (size_t row = 0; row < head.rows; ++row) {
      const size_t begin = (index * head.rows + row) * weights.frames_max;
      CopyNormalised(weights.values.subspan(begin, weights.frames), head.row(row));
    }
    StandardiseColumns(head);
    for (size_t row = 0; row < fit.rows; ++row) {
      AddFiltered(head.row(context_rows + row), padded, fit.row(row));
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

std::vector<int32_t> AlignTokens(const AlignmentWeights& weights, size_t context_rows) {
  const size_t rows = context_rows + weights.tokens + weights.trailing_rows;
  CHECK(weights.values.size() == weights.heads * rows * weights.frames_max);
  CHECK(weights.frames <= weights.frames_max);
  if (weights.tokens == 0 || weights.frames == 0) return std::vector<int32_t>(weights.tokens);
  return FirstFrames(MakeFit(weights, context_rows));
}

}  // namespace verbatim::whisper
