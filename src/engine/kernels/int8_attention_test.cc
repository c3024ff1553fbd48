#include "kernels/int8_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/aligned.h"

namespace verbatim::kernels {
namespace {

// A head's keys and values as a projection leaves them: keys, then values, in each row.
struct Head {
  Head(size_t depth, size_t positions, std::mt19937& random)
      : shape{depth, positions}, rows(positions * 2 * depth) {
    std::normal_distribution<float> normal(0, 1);
    for (float& value : rows) value = normal(random);
  }
  const float* key(size_t position) const { return rows.data() + position * 2 * shape.depth; }
  const float* value(size_t position) const { return key(position) + shape.depth; }

  Int8HeadShape shape;
  std::vector<float> rows;
};

struct Result {
  std::vector<float> out;      // [rows, depth]
  std::vector<float> weights;  // [rows, positions]
};

class Int8AttentionTest : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!IsSupported(GetParam()))
      GTEST_SKIP() << "this CPU lacks " << InstructionSetName(GetParam());
  }
  std::vector<float> Noise(size_t count, float scale) {
    std::normal_distribution<float> normal(0, scale);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  std::mt19937 random_{11};
};

Aligned<std::byte> StoreHead(const Head& head, InstructionSet set) {
  Aligned<std::byte> stored(head.shape.head_bytes());
  std::fill_n(stored.data(), stored.size(), std::byte{0xFF});  // numbers of a window before
  for (size_t begin = 0; begin < head.shape.positions; begin += 3 * kInt8Group) {
    const size_t rows = std::min(3 * kInt8Group, head.shape.positions - begin);
    Int8AttentionKernelsFor(set).store(
        {head.key(begin), head.value(begin), 2 * head.shape.depth, begin, rows}, head.shape,
        stored.data());
  }
  return stored;
}

Result Attend(const Head& head, const std::vector<float>& queries, size_t positions,
              InstructionSet set, size_t repeated = 0, size_t repeats = 1) {
  const Aligned<std::byte> stored = StoreHead(head, set);
  const size_t depth = head.shape.depth;
  const size_t rows = queries.size() / depth;
  Aligned<float> scratch(head.shape.scratch_size());
  Result result{std::vector<float>(rows * depth, 9), std::vector<float>(rows * positions, 9)};
  Int8AttentionKernelsFor(set).attend({queries.data(), depth, rows, positions, result.out.data(),
                                       depth, result.weights.data(), positions, repeated, repeats},
                                      head.shape, stored.data(), scratch.data());
  return result;
}

Result Truth(const Head& head, const std::vector<float>& queries, size_t positions) {
  const size_t depth = head.shape.depth;
  Result result;
  for (size_t row = 0; row < queries.size() / depth; ++row) {
    std::vector<double> weights(positions);
    double sum = 0;
    for (size_t t = 0; t < positions; ++t) {
      double score = 0;
      for (size_t d = 0; d < depth; ++d) score += queries[row * depth + d] * head.key(t)[d];
      sum += weights[t] = std::exp(score);
    }
    for (double& weight : weights) result.weights.push_back(static_cast<float>(weight /= sum));
    for (size_t d = 0; d < depth; ++d) {
      double out = 0;
      for (size_t t = 0; t < positions; ++t) out += weights[t] * head.value(t)[d];
      result.out.push_back(static_cast<float>(out));
    }
  }
  return result;
}

float Difference(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// The integers are the same, so only rounding of the softmax is left.
TEST_P(Int8AttentionTest, AgreesWithThePlainKernels) {
  for (size_t depth : {16, 32, 64, 80, 128}) {
    for (size_t positions : {1, 31, 32, 33, 100, 1500}) {
      const Head head(depth, positions, random_);
      for (size_t rows : {1, 2, 3, 5, 8}) {
        for (size_t used : {positions, (positions + 1) / 2}) {
          const auto queries = Noise(rows * depth, 0.3F);
          const Result fast = Attend(head, queries, used, GetParam());
          const Result plain = Attend(head, queries, used, InstructionSet::kPlain);
          ASSERT_LE(Difference(fast.out, plain.out), 2e-4F) << depth << " " << positions;
          ASSERT_LE(Difference(fast.weights, plain.weights), 2e-5F) << depth << " " << positions;
        }
      }
    }
  }
}

// Peaked softmaxes, mixed ones and flat ones: the error is that of 8-bit keys and values.
TEST_P(Int8AttentionTest, IsNearExactAttention) {
  const Head head(64, 1500, random_);
  for (float scale : {1.0F, 0.3F, 0.02F}) {
    const auto queries = Noise(5 * 64, scale);
    const Result fast = Attend(head, queries, 1500, GetParam());
    const Result truth = Truth(head, queries, 1500);
    float largest = 0;
    for (float value : truth.out) largest = std::max(largest, std::abs(value));
    EXPECT_LE(Difference(fast.out, truth.out), 0.05F * largest) << scale;
    EXPECT_LE(Difference(fast.weights, truth.weights), 0.05F) << scale;
  }
}

TEST_P(Int8AttentionTest, ARowIsTheSameInAnyCompany) {
  const Head head(64, 1500, random_);
  const auto queries = Noise(8 * 64, 0.5F);
  const Result together = Attend(head, queries, 1500, GetParam());
  for (size_t row = 0; row < 8; ++row) {
    const std::vector<float> alone(queries.begin() + static_cast<ptrdiff_t>(row * 64),
                                   queries.begin() + static_cast<ptrdiff_t>(row * 64 + 64));
    const Result result = Attend(head, alone, 1500, GetParam());
    EXPECT_TRUE(std::ranges::equal(result.out, std::span(together.out).subspan(row * 64, 64)));
    EXPECT_TRUE(
        std::ranges::equal(result.weights, std::span(together.weights).subspan(row * 1500, 1500)));
  }
}

// A repeated position is as good as so many copies of it.
TEST_P(Int8AttentionTest, RepeatedPositionsCountAsOften) {
  constexpr size_t kOnce = 45, kRepeated = 7, kRepeats = 5;
  const Head few(64, kOnce + kRepeated, random_);
  Head all(64, kOnce + kRepeated * kRepeats, random_);
  for (size_t t = 0; t < all.shape.positions; ++t) {
    const size_t from = t < kOnce ? t : kOnce + (t - kOnce) / kRepeats;
    std::copy_n(few.key(from), 128, all.rows.begin() + static_cast<ptrdiff_t>(t * 128));
  }
  const auto queries = Noise(3 * 64, 0.3F);
  const Result expected = Attend(all, queries, all.shape.positions, GetParam());
  const Result result = Attend(few, queries, few.shape.positions, GetParam(), kRepeated, kRepeats);
  EXPECT_LE(Difference(result.out, expected.out), 2e-3F);
}

TEST_P(Int8AttentionTest, ZerosAreNoTrouble) {
  Head head(64, 70, random_);
  std::ranges::fill(head.rows, 0.0F);
  const Result result = Attend(head, std::vector<float>(64), 70, GetParam());
  for (float value : result.out) EXPECT_EQ(value, 0);
  for (float weight : result.weights) EXPECT_NEAR(weight, 1.0F / 70, 1e-6F);
}

INSTANTIATE_TEST_SUITE_P(Sets, Int8AttentionTest, ::testing::ValuesIn(kInstructionSets),
                         [](const auto& test) {
                           return std::string(InstructionSetName(test.param));
                         });

}  // namespace
}  // namespace verbatim::kernels
