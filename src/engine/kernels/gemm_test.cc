#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/cpu.h"

namespace verbatim::kernels {
namespace {

std::vector<float> Noise(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

struct Case {
  size_t rows, n, k, panel_width;
  Finish finish;
  NumberType type = NumberType::kF32;
};

class GemmTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    PrepareThread();
    if (!HasProducts(GetParam().type)) GTEST_SKIP() << "this CPU lacks products of the type";
  }
};

double Finished(double product, double before, Finish finish) {
  if (finish == Finish::kGelu) return 0.5 * product * (1 + std::erf(product / std::sqrt(2.0)));
  return finish == Finish::kAdd ? before + product : product;
}

TEST_P(GemmTest, AgreesWithTheDefinition) {
  const auto [rows, n, k, panel_width, finish, type] = GetParam();
  const std::vector<float> weights = Noise(n * k, 1);
  const std::vector<float> bias = Noise(n, 2);
  const std::vector<float> in = Noise(PaddedRows(rows) * k, 3);
  const std::vector<float> before = Noise(PaddedRows(rows) * n, 4);
  std::vector<float> out = before;
  PackedMatrix matrix(n, k, panel_width, type);
  for (size_t panel = 0; panel < matrix.panels(); ++panel) {
    matrix.Pack({weights.data() + panel * panel_width * k, k, 1}, panel);
    matrix.Multiply({in.data(), k, rows, bias.data(), out.data(), n, finish}, panel);
  }
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < n; ++column) {
      double sum = bias[column];
      double size = std::abs(sum);
      for (size_t i = 0; i < k; ++i) {
        const double term = double{in[row * k + i]} * double{weights[column * k + i]};
        sum += term;
        size += std::abs(term);
      }
      const size_t at = row * n + column;
      // The bound of a sum of k rounded terms, with room for gelu's own approximation.
      // In bf16 both sides of each term are rounded to 8 bits, which adds up like a random walk.
      const double rounding = type == NumberType::kBf16 ? size / std::sqrt(k) * 0.02 : 0;
      const double tolerance = (size + 1) * static_cast<double>(k + 8) * 6e-8 + rounding;
      ASSERT_NEAR(out[at], Finished(sum, before[at], finish), tolerance) << row << ',' << column;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, GemmTest,
    ::testing::Values(Case{1, 64, 64, 64, Finish::kStore}, Case{5, 150, 80, 64, Finish::kGelu},
                      Case{96, 384, 240, 256, Finish::kAdd},
                      Case{100, 64, 1500, 64, Finish::kStore},
                      Case{17, 513, 33, 256, Finish::kGelu},
                      Case{1, 64, 64, 64, Finish::kStore, NumberType::kBf16},
                      Case{17, 513, 66, 256, Finish::kGelu, NumberType::kBf16},
                      Case{100, 384, 240, 256, Finish::kAdd, NumberType::kBf16}));

// The ground of "same text always": a row's bits do not depend on its company.
TEST(GemmInvarianceTest, ARowsResultDoesNotDependOnTheOtherRows) {
  PrepareThread();
  constexpr size_t kMost = 200;
  struct Shape {
    size_t n, k;
    NumberType type;
  };
  for (const auto& [n, k, type] : {Shape{512, 512, NumberType::kF32},
                                   {384, 1536, NumberType::kF32},
                                   {153, 512, NumberType::kF32},
                                   {1500, 64, NumberType::kF32},
                                   {512, 512, NumberType::kBf16},
                                   {128, 384, NumberType::kBf16},
                                   {153, 1536, NumberType::kBf16}}) {
    if (!HasProducts(type)) continue;
    const std::vector<float> weights = Noise(n * k, 5);
    const std::vector<float> in = Noise(PaddedRows(kMost) * k, 6);
    PackedMatrix matrix(n, k, n, type);
    matrix.Pack({weights.data(), k, 1}, 0);
    std::vector<float> all(PaddedRows(kMost) * n);
    matrix.Multiply({in.data(), k, kMost, nullptr, all.data(), n, Finish::kStore}, 0);
    for (size_t rows = 1; rows <= 60; ++rows) {
      std::vector<float> some(PaddedRows(kMost) * n);
      const size_t first = rows % 7;
      matrix.Multiply({in.data() + first * k, k, rows, nullptr, some.data(), n, Finish::kStore}, 0);
      ASSERT_EQ(std::memcmp(some.data(), all.data() + first * n, rows * n * sizeof(float)), 0)
          << rows << " rows, n " << n << ", k " << k;
    }
  }
}

TEST(GemmPackTest, ReadsTransposedWeights) {
  PrepareThread();
  constexpr size_t kN = 70, kK = 90;
  const std::vector<float> weights = Noise(kN * kK, 7);
  std::vector<float> transposed(kN * kK);
  for (size_t n = 0; n < kN; ++n) {
    for (size_t k = 0; k < kK; ++k) transposed[k * kN + n] = weights[n * kK + k];
  }
  const std::vector<float> in = Noise(PaddedRows(3) * kK, 8);
  std::vector<float> out_a(PaddedRows(3) * kN), out_b(PaddedRows(3) * kN);
  PackedMatrix a(kN, kK, 64), b(kN, kK, 64);
  for (size_t panel = 0; panel < a.panels(); ++panel) {
    a.Pack({weights.data() + panel * 64 * kK, kK, 1}, panel);
    b.Pack({transposed.data() + panel * 64, 1, kN}, panel);
    a.Multiply({in.data(), kK, 3, nullptr, out_a.data(), kN, Finish::kStore}, panel);
    b.Multiply({in.data(), kK, 3, nullptr, out_b.data(), kN, Finish::kStore}, panel);
  }
  EXPECT_EQ(out_a, out_b);
}

}  // namespace
}  // namespace verbatim::kernels
