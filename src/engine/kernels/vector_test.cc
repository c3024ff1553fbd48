#include "kernels/vector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace verbatim::kernels {
namespace {

class VectorTest : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!IsSupported(GetParam()))
      GTEST_SKIP() << "this CPU lacks " << InstructionSetName(GetParam());
  }
  const VectorKernels& Fast() { return KernelsFor(GetParam()); }
  const VectorKernels& Truth() { return KernelsFor(InstructionSet::kPlain); }
  std::vector<float> Noise(size_t count, float scale = 1) {
    std::normal_distribution<float> normal(0, scale);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  std::vector<uint16_t> Halves(size_t count) {
    const std::vector<float> values = Noise(count);
    std::vector<uint16_t> halves(count);
    Truth().to_half(values.data(), count, halves.data());
    return halves;
  }
  std::mt19937 random_{42};
};

constexpr float kEpsilon = std::numeric_limits<float>::epsilon();
const std::vector<size_t> kLengths = {1, 2, 7, 8, 15, 16, 17, 31, 64, 100, 384, 1500, 1501};

TEST_P(VectorTest, LayerNormAgrees) {
  for (size_t n : kLengths) {
    const auto in = Noise(n, 3), gamma = Noise(n), beta = Noise(n);
    std::vector<float> fast(n), truth(n);
    Fast().layer_norm(in.data(), gamma.data(), beta.data(), n, fast.data());
    Truth().layer_norm(in.data(), gamma.data(), beta.data(), n, truth.data());
    for (size_t i = 0; i < n; ++i)
      ASSERT_NEAR(fast[i], truth[i], 2e-5F * (1 + std::abs(truth[i]))) << n;
  }
}

TEST_P(VectorTest, SoftmaxAgreesAndSumsToOne) {
  for (size_t n : kLengths) {
    auto fast = Noise(n, 10);
    if (n > 3) fast[1] = -std::numeric_limits<float>::infinity();
    auto truth = fast;
    Fast().softmax(fast.data(), n);
    Truth().softmax(truth.data(), n);
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      sum += fast[i];
      ASSERT_NEAR(fast[i], truth[i], 1e-5F * truth[i] + 1e-9F) << n;
    }
    ASSERT_NEAR(sum, 1, 1e-5);
  }
}

TEST_P(VectorTest, LogSumExpAgrees) {
  for (size_t n : kLengths) {
    const auto x = Noise(n, 20);
    ASSERT_NEAR(Fast().log_sum_exp(x.data(), n), Truth().log_sum_exp(x.data(), n), 1e-4F) << n;
  }
  const std::vector<float> none(20, -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isinf(Fast().log_sum_exp(none.data(), none.size())));
}

TEST_P(VectorTest, ArgMaxTakesTheFirstOfEquals) {
  for (size_t n : kLengths) {
    auto x = Noise(n);
    x[n / 3] = x[n - 1] = 100;
    ASSERT_EQ(Fast().arg_max(x.data(), n), n / 3);
  }
}

TEST_P(VectorTest, LikeliestIsBothInOne) {
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  for (size_t n : {1UL, 7UL, 511UL, 512UL, 1024UL, 1025UL, 2500UL, 51865UL}) {
    for (const size_t at : {size_t{0}, n / 3, n - 1}) {
      auto x = Noise(n, 5);
      if (n > 100) std::fill_n(x.begin(), 90, kNone);
      x[at] = x[n - 1] = 60;
      const Likeliest found = Fast().likeliest(x.data(), n);
      ASSERT_EQ(found.index, at) << n;
      ASSERT_NEAR(found.log_sum, Truth().log_sum_exp(x.data(), n), 2e-5F) << n;
      for (float& value : x) value *= 0.01F;  // now many count
      ASSERT_NEAR(Fast().likeliest(x.data(), n).log_sum, Truth().log_sum_exp(x.data(), n), 2e-5F);
    }
    const std::vector<float> none(n, kNone);
    EXPECT_EQ(Fast().likeliest(none.data(), n).log_sum, kNone);
    EXPECT_EQ(Fast().likeliest(none.data(), n).index, 0U);
  }
}

TEST_P(VectorTest, FindAboveSkipsWhatIsNot) {
  for (size_t n : kLengths) {
    auto x = Noise(n);
    x[n / 2] = 100;
    x[n - 1] = std::nanf("");
    for (const float threshold : {-1000.0F, 0.0F, 1.0F, 100.0F}) {
      for (size_t begin : {size_t{0}, n / 4, n}) {
        ASSERT_EQ(Fast().find_above(x.data(), begin, n, threshold),
                  Truth().find_above(x.data(), begin, n, threshold));
      }
    }
  }
}

TEST_P(VectorTest, DotAndAddScaledAgree) {
  for (size_t n : kLengths) {
    const auto a = Noise(n + 1), b = Noise(n + 1);  // read from 1: unaligned
    const float norm = std::sqrt(Truth().dot(a.data() + 1, a.data() + 1, n) *
                                 Truth().dot(b.data() + 1, b.data() + 1, n));
    ASSERT_NEAR(Fast().dot(a.data() + 1, b.data() + 1, n),
                Truth().dot(a.data() + 1, b.data() + 1, n), norm * kEpsilon * static_cast<float>(n))
        << n;
    auto fast = b, truth = b;
    Fast().add_scaled(a.data() + 1, 0.7F, n, fast.data() + 1);
    Truth().add_scaled(a.data() + 1, 0.7F, n, truth.data() + 1);
    for (size_t i = 0; i <= n; ++i)
      ASSERT_NEAR(fast[i], truth[i], 4 * kEpsilon * (1 + std::abs(truth[i])));
  }
}

TEST_P(VectorTest, AttentionAgrees) {
  for (size_t count : {1, 3, 63, 64, 130, 1500}) {
    for (size_t depth : {16, 64, 128}) {
      const KeyShape shape{depth, count + 5, count};
      const auto query = Noise(depth);
      const auto keys_t = Halves(depth * shape.stride);
      std::vector<float> fast(count), truth(count);
      Fast().attention_scores(query.data(), keys_t.data(), shape, fast.data());
      Truth().attention_scores(query.data(), keys_t.data(), shape, truth.data());
      for (size_t t = 0; t < count; ++t) {
        ASSERT_NEAR(fast[t], truth[t], 1e-4F) << count << ' ' << depth;
      }
      Truth().softmax(truth.data(), count);
      const auto values = Halves(count * depth);
      std::vector<float> mixed(depth), expected(depth);
      Fast().attention_mix(truth.data(), values.data(), count, depth, mixed.data());
      Truth().attention_mix(truth.data(), values.data(), count, depth, expected.data());
      for (size_t d = 0; d < depth; ++d) ASSERT_NEAR(mixed[d], expected[d], 1e-5F);
    }
  }
}

TEST_P(VectorTest, ToHalfRoundsToTheNearest) {
  std::vector<float> in = {
      0.0F,     -0.0F,    1.0F,       65504.0F,     65519.0F,        65520.0F,        1e9F,  -1e9F,
      0x1p-24F, 0x1p-25F, 0x1.8p-25F, 0x1.ffcp-15F, 1.0F + 0x1p-11F, 1.0F + 0x3p-11F, 1e-30F};
  for (float value : Noise(1000, 100)) in.push_back(value);
  for (float value : Noise(1000, 1e-5F)) in.push_back(value);
  std::vector<uint16_t> fast(in.size()), truth(in.size());
  Fast().to_half(in.data(), in.size(), fast.data());
  Truth().to_half(in.data(), in.size(), truth.data());
  std::vector<float> back(in.size());
  HalfToFloat(truth.data(), truth.size(), back.data());
  for (size_t i = 0; i < in.size(); ++i) {
    ASSERT_EQ(fast[i], truth[i]) << in[i];
    if (std::abs(in[i]) > 65504) continue;
    ASSERT_LE(std::abs(back[i] - in[i]), std::max(std::abs(in[i]) * 0x1p-11F, 0x1p-25F)) << in[i];
  }
}

TEST_P(VectorTest, AttendHistoryAgrees) {
  constexpr size_t kRows = 3, kPositions = 40, kHeads = 2;
  for (size_t depth : {16, 48, 64, 128}) {
    const size_t width = kHeads * depth;
    const auto keys = Noise(kRows * kPositions * width), values = Noise(keys.size());
    const auto query = Noise(width, 0.5F);
    std::vector<uint16_t> owners(kPositions);
    for (size_t t = 0; t < kPositions; ++t) owners[t] = static_cast<uint16_t>(t * 7 % kRows);
    for (size_t count : {1, 2, 15, 16, 17, 40}) {
      const History history{keys.data(), values.data(), owners.data(), kPositions * width,
                            count,       kHeads,        depth};
      std::vector<float> scratch(count), fast(width), truth(width);
      Fast().attend_history(query.data(), history, scratch.data(), fast.data());
      Truth().attend_history(query.data(), history, scratch.data(), truth.data());
      for (size_t i = 0; i < width; ++i)
        ASSERT_NEAR(fast[i], truth[i], 2e-5F) << depth << " " << count;
    }
  }
}

TEST_P(VectorTest, PositiveSumAgrees) {
  for (size_t n : kLengths) {
    std::vector<float> x = Noise(n + 1);
    x[n / 2 + 1] = std::nanf("");
    const float expected = Truth().positive_sum(x.data() + 1, n);
    EXPECT_NEAR(Fast().positive_sum(x.data() + 1, n), expected, 1e-5F * (1 + expected)) << n;
  }
}

TEST_P(VectorTest, StandardisedColumnsAgree) {
  for (size_t columns : kLengths) {
    const size_t rows = 1 + columns % 7;
    const size_t stride = columns + 3;
    std::vector<float> values = Noise(rows * stride);
    for (size_t row = 0; row < rows; ++row) values[row * stride] = 0.3F;  // does not vary
    std::vector<float> factors = Noise(rows);
    if (rows > 2) factors[1] = 0;
    for (size_t i = 0; i < stride && rows > 2; ++i) values[stride + i] = INFINITY;  // of no account
    for (float& factor : factors) factor = std::abs(factor);
    const WeightRows weights{values.data(), factors.data(), stride, rows, columns};
    std::vector<float> fast(rows * stride, 7), truth(rows * stride, 7);
    Fast().standardise(weights, fast.data(), stride);
    Truth().standardise(weights, truth.data(), stride);
    for (size_t i = 0; i < fast.size(); ++i) ASSERT_NEAR(fast[i], truth[i], 2e-5F) << columns;
  }
}

TEST_P(VectorTest, MediansAreTheSame) {
  for (size_t n : kLengths) {
    const std::vector<float> in = Noise(n + kMedianWidth - 1);
    std::vector<float> fast = Noise(n + 1);
    std::vector<float> truth = fast;
    Fast().add_median(in.data(), n, fast.data());
    Truth().add_median(in.data(), n, truth.data());
    EXPECT_EQ(fast, truth) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, VectorTest, ::testing::ValuesIn(kInstructionSets),
                         [](const auto& set) {
                           return std::string(InstructionSetName(set.param));
                         });

TEST(HalfToFloatTest, KnownValues) {
  const std::vector<uint16_t> in = {0x0000, 0x8000, 0x3C00, 0xC000, 0x7BFF,
                                    0x0001, 0x0400, 0x7C00, 0xFC00};
  std::vector<float> out(in.size());
  HalfToFloat(in.data(), in.size(), out.data());
  EXPECT_EQ(out, (std::vector<float>{0.0F, -0.0F, 1.0F, -2.0F, 65504.0F, 0x1p-24F, 0x1p-14F,
                                     std::numeric_limits<float>::infinity(),
                                     -std::numeric_limits<float>::infinity()}));
}

}  // namespace
}  // namespace verbatim::kernels
