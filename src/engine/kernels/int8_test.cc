#include "kernels/int8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace verbatim::kernels {
namespace {

class Int8Test : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!IsSupported(GetParam()))
      GTEST_SKIP() << "this CPU lacks " << InstructionSetName(GetParam());
  }
  std::vector<float> Noise(size_t count, float scale = 1) {
    std::normal_distribution<float> normal(0, scale);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  std::mt19937 random_{7};
};

struct Problem {
  size_t rows, outputs, inputs;
  std::vector<float> in, weights, bias, before;
};

std::vector<float> Solve(const Problem& problem, InstructionSet set, Finish finish) {
  Int8Matrix matrix(problem.outputs, problem.inputs, set);
  matrix.Pack(problem.weights.data(), 0, matrix.panels());
  Int8Rows rows;
  rows.Resize(matrix.kernels(), problem.rows, problem.inputs);
  for (size_t row = 0; row < problem.rows; ++row) {
    rows.Quantise(matrix.kernels(), row, problem.in.data() + row * problem.inputs);
  }
  std::vector<float> out = problem.before;
  const size_t half = matrix.panels() / 2;
  const Int8Matrix::Product product{
      &rows, 0, problem.rows, problem.bias.data(), out.data(), problem.outputs, finish};
  matrix.Multiply(product, 0, half);
  matrix.Multiply(product, half, matrix.panels() - half);
  return out;
}

TEST_P(Int8Test, AgreesWithThePlainKernels) {
  for (size_t rows : {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 25, 96}) {
    for (auto [outputs, inputs] :
         {std::pair<size_t, size_t>{1, 1}, {33, 7}, {64, 64}, {131, 240}}) {
      const Problem problem{rows,
                            outputs,
                            inputs,
                            Noise(rows * inputs, 3),
                            Noise(outputs * inputs),
                            Noise(outputs),
                            Noise(rows * outputs)};
      for (Finish finish : {Finish::kStore, Finish::kGelu, Finish::kAdd}) {
        const std::vector<float> fast = Solve(problem, GetParam(), finish);
        const std::vector<float> truth = Solve(problem, InstructionSet::kPlain, finish);
        for (size_t i = 0; i < truth.size(); ++i) {
          ASSERT_NEAR(fast[i], truth[i], 3e-6F * (1 + std::abs(truth[i])))
              << rows << " x " << outputs << " x " << inputs << " at " << i;
        }
      }
    }
  }
}

// Rounding to 8 bits moves a product of n terms by about sqrt(n) half steps of either side.
TEST_P(Int8Test, IsNearTheExactProduct) {
  const size_t inputs = 512, outputs = 64, rows = 8;
  const Problem problem{rows,
                        outputs,
                        inputs,
                        Noise(rows * inputs),
                        Noise(outputs * inputs),
                        std::vector<float>(outputs),
                        std::vector<float>(rows * outputs)};
  const std::vector<float> fast = Solve(problem, GetParam(), Finish::kStore);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < outputs; ++column) {
      double sum = 0;
      for (size_t i = 0; i < inputs; ++i) {
        sum += static_cast<double>(problem.in[row * inputs + i]) *
               static_cast<double>(problem.weights[column * inputs + i]);
      }
      ASSERT_NEAR(fast[row * outputs + column], sum, 5 * std::sqrt(2.0 * inputs) * 0.29 * 4 / 127);
    }
  }
}

TEST_P(Int8Test, ARowDependsOnItselfAlone) {
  const size_t inputs = 96, outputs = 70;
  Problem all{30,
              outputs,
              inputs,
              Noise(30 * inputs),
              Noise(outputs * inputs),
              Noise(outputs),
              std::vector<float>(30 * outputs)};
  const std::vector<float> together = Solve(all, GetParam(), Finish::kGelu);
  for (size_t row = 0; row < all.rows; ++row) {
    Problem one = all;
    one.rows = 1;
    one.in.assign(all.in.begin() + static_cast<ptrdiff_t>(row * inputs),
                  all.in.begin() + static_cast<ptrdiff_t>((row + 1) * inputs));
    one.before.resize(outputs);
    const std::vector<float> alone = Solve(one, GetParam(), Finish::kGelu);
    for (size_t i = 0; i < outputs; ++i) ASSERT_EQ(alone[i], together[row * outputs + i]) << row;
  }
}

TEST_P(Int8Test, LargestSumsDoNotOverflow) {
  const size_t inputs = 5120;
  Problem problem{1,
                  2,
                  inputs,
                  std::vector<float>(inputs, -4),
                  std::vector<float>(2 * inputs, 2),
                  std::vector<float>(2),
                  std::vector<float>(2)};
  for (float value : Solve(problem, GetParam(), Finish::kStore)) {
    EXPECT_FLOAT_EQ(value, -8.0F * static_cast<float>(inputs));
  }
}

TEST_P(Int8Test, GivesBackItsWeights) {
  const size_t outputs = 70, inputs = 33;
  const std::vector<float> weights = Noise(outputs * inputs);
  Int8Matrix matrix(outputs, inputs, GetParam());
  matrix.Pack(weights.data(), 0, matrix.panels());
  std::vector<float> row(inputs);
  for (size_t output = 0; output < outputs; ++output) {
    matrix.Unpack(output, row.data());
    for (size_t i = 0; i < inputs; ++i) {
      ASSERT_NEAR(row[i], weights[output * inputs + i], 0.51 * 4.5 / 127) << output;
    }
  }
}

TEST_P(Int8Test, ZerosStayZeros) {
  Problem problem{
      2, 3, 10, std::vector<float>(20), std::vector<float>(30), {1, 2, 3}, std::vector<float>(6)};
  EXPECT_EQ(Solve(problem, GetParam(), Finish::kStore), (std::vector<float>{1, 2, 3, 1, 2, 3}));
}

TEST_P(Int8Test, GeluFollowsItsDefinition) {
  const Int8Kernels& kernels = Int8KernelsFor(GetParam());
  for (float value : {-30.0F, -5.0F, -1.5F, -0.1F, 0.0F, 0.01F, 0.7F, 2.0F, 6.0F, 30.0F}) {
    const Problem problem{1, 1, 1, {1}, {value}, {0}, {0}};
    const double exact = value * 0.5 * (1 + std::erf(static_cast<double>(value) / std::sqrt(2.0)));
    EXPECT_NEAR(Solve(problem, GetParam(), Finish::kGelu)[0], exact,
                2e-6 * std::max(1.0, std::abs(exact)))
        << InstructionSetName(GetParam()) << kernels.panel_columns;
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Int8Test, ::testing::ValuesIn(kInstructionSets),
                         [](const ::testing::TestParamInfo<InstructionSet>& set) {
                           return std::string(InstructionSetName(set.param));
                         });

}  // namespace
}  // namespace verbatim::kernels
