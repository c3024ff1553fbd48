#include "nn/linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/cpu.h"

namespace verbatim::nn {
namespace {

using kernels::Finish;
using Packing = Linear::Packing;

std::vector<float> Noise(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(size);
  std::ranges::generate(values, [&] { return uniform(random); });
  return values;
}

// Rows of a matrix in memory, as a file hands them out.
Linear::RowSource RowsOf(const std::vector<float>& weights, size_t k) {
  return [&weights, k](size_t begin, size_t count, float* out) {
    std::copy_n(weights.begin() + static_cast<ptrdiff_t>(begin * k), count * k, out);
  };
}

class LinearTest : public ::testing::TestWithParam<Packing> {
 protected:
  void SetUp() override { kernels::PrepareThread(); }

  static constexpr size_t kOutputs = 600;  // two whole panels and a narrow one
  static constexpr size_t kInputs = 72;
  kernels::ThreadPool pool_{2};
  std::vector<float> weights_ = Noise(kOutputs * kInputs, 1);
  std::vector<float> bias_ = Noise(kOutputs, 2);
};

TEST_P(LinearTest, AgreesWithTheDefinition) {
  const Linear linear({kOutputs, kInputs, GetParam()}, RowsOf(weights_, kInputs), bias_, pool_);
  EXPECT_EQ(linear.outputs(), kOutputs);
  EXPECT_EQ(linear.inputs(), kInputs);
  for (const size_t rows : {size_t{1}, size_t{5}, size_t{97}}) {
    const std::vector<float> in = Noise(kernels::PaddedRows(rows) * kInputs, 3);
    std::vector<float> out(kernels::PaddedRows(rows) * kOutputs);
    linear.Apply(in.data(), rows, Finish::kStore, out.data());
    for (size_t row = 0; row < rows; ++row) {
      for (size_t n = 0; n < kOutputs; ++n) {
        double sum = bias_[n];
        double size = std::abs(sum);
        for (size_t k = 0; k < kInputs; ++k) {
          const double term = double{in[row * kInputs + k]} * double{weights_[n * kInputs + k]};
          sum += term;
          size += std::abs(term);
        }
        const double tolerance = (size + 1) * (kInputs + 2) * 6e-8;
        ASSERT_NEAR(out[row * kOutputs + n], sum, tolerance) << row << ',' << n;
      }
    }
  }
}

TEST_P(LinearTest, WithoutBiasZeroIsAdded) {
  const Linear with({kOutputs, kInputs, GetParam()}, RowsOf(weights_, kInputs),
                    std::vector<float>(kOutputs), pool_);
  const Linear without({kOutputs, kInputs, GetParam()}, RowsOf(weights_, kInputs), {}, pool_);
  const size_t rows = kernels::PaddedRows(4);
  const std::vector<float> in = Noise(rows * kInputs, 4);
  std::vector<float> out(rows * kOutputs);
  std::vector<float> other(rows * kOutputs);
  with.Apply(in.data(), 4, Finish::kStore, out.data());
  without.Apply(in.data(), 4, Finish::kStore, other.data());
  EXPECT_EQ(out, other);
}

TEST_P(LinearTest, ThreadsAndPackersChangeNoBit) {
  const size_t rows = kernels::PaddedRows(7);
  const std::vector<float> in = Noise(rows * kInputs, 5);
  const std::vector<float> before = Noise(rows * kOutputs, 6);
  for (const Finish finish : {Finish::kStore, Finish::kGelu, Finish::kAdd}) {
    const Linear linear({kOutputs, kInputs, GetParam()}, RowsOf(weights_, kInputs), bias_, pool_);
    std::vector<float> expected = before;
    linear.Apply(in.data(), 7, finish, expected.data());
    for (size_t threads = 1; threads <= 3; ++threads) {
      kernels::ThreadPool pool(threads);
      const Linear packed({kOutputs, kInputs, GetParam()}, RowsOf(weights_, kInputs), bias_, pool);
      std::vector<float> out = before;
      packed.ApplyParallel(in.data(), 7, finish, out.data(), pool);
      EXPECT_TRUE(std::equal(out.begin(), out.begin() + 7 * kOutputs, expected.begin())) << threads;
    }
  }
}

// 8-bit products of noise in [-1, 1]: both sides are off by up to half a step of 1 / 127.
TEST_P(LinearTest, EightBitsComeNearAndThreadsChangeNoBit) {
  for (const kernels::InstructionSet set : kernels::kInstructionSets) {
    if (!kernels::IsSupported(set)) continue;
    const Linear exact({kOutputs, kInputs, GetParam()}, RowsOf(weights_, kInputs), bias_, pool_);
    const Linear linear({kOutputs, kInputs, GetParam(), Linear::Format::kInt8, set},
                        RowsOf(weights_, kInputs), bias_, pool_);
    EXPECT_EQ(linear.outputs(), kOutputs);
    EXPECT_EQ(linear.inputs(), kInputs);
    const size_t rows = kernels::PaddedRows(7);
    const std::vector<float> in = Noise(rows * kInputs, 5);
    std::vector<float> expected(rows * kOutputs);
    std::vector<float> out(rows * kOutputs);
    std::vector<float> parallel(rows * kOutputs);
    exact.Apply(in.data(), 7, Finish::kStore, expected.data());
    linear.Apply(in.data(), 7, Finish::kStore, out.data());
    linear.ApplyParallel(in.data(), 7, Finish::kStore, parallel.data(), pool_);
    EXPECT_TRUE(std::equal(out.begin(), out.begin() + 7 * kOutputs, parallel.begin()));
    for (size_t i = 0; i < 7 * kOutputs; ++i) {
      ASSERT_NEAR(out[i], expected[i], 5 * std::sqrt(kInputs / 3.0 / 6) / 127) << i;
    }
  }
}

// The same as looking through all outputs, for any number of threads; a forbidden output is not
// found, and where all are forbidden there is still an answer.
TEST(LinearEightBitTest, FindsTheLikeliestAsItMultiplies) {
  kernels::PrepareThread();
  const size_t outputs = 2500, inputs = 64, rows = 5;
  const std::vector<float> weights = Noise(outputs * inputs, 21);
  const std::vector<float> in = Noise(rows * inputs, 22);
  for (const kernels::InstructionSet set : kernels::kInstructionSets) {
    if (!kernels::IsSupported(set)) continue;
    const kernels::VectorKernels& kernels = kernels::KernelsFor(set);
    kernels::ThreadPool pool(1);
    const Linear linear({outputs, inputs, Packing::kPanels, Linear::Format::kInt8, set},
                        RowsOf(weights, inputs), {}, pool);
    std::vector<float> all(rows * outputs);
    linear.Apply(in.data(), rows, Finish::kStore, all.data());
    std::vector<float> mask(outputs);
    for (size_t round = 0; round < 3; ++round) {
      for (size_t threads = 1; threads <= 2; ++threads) {
        kernels::ThreadPool threads_pool(threads);
        std::vector<LikelyOutput> found(rows);
        linear.FindLikeliest(in.data(), mask, kernels, threads_pool, found);
        for (size_t row = 0; row < rows; ++row) {
          std::vector<float> logits(all.begin() + static_cast<ptrdiff_t>(row * outputs),
                                    all.begin() + static_cast<ptrdiff_t>((row + 1) * outputs));
          for (size_t i = 0; i < outputs; ++i) logits[i] += mask[i];
          const kernels::Likeliest expected = kernels.likeliest(logits.data(), outputs);
          ASSERT_EQ(found[row].index, expected.index);
          ASSERT_EQ(found[row].value, logits[expected.index]);
          ASSERT_NEAR(found[row].log_sum, expected.log_sum, 1e-5F);
        }
      }
      for (size_t i = 0; i < outputs; i += 2) mask[i] = -INFINITY;
    }
    std::ranges::fill(mask, -INFINITY);
    std::vector<LikelyOutput> found(1);
    linear.FindLikeliest(in.data(), mask, kernels, pool, found);
    EXPECT_LT(found[0].index, outputs);
  }
}

// Weights of a file that holds 8-bit integers already: integers over a scale.
TEST(LinearEightBitTest, TakesIntegersOfAFileAsTheyAre) {
  kernels::PrepareThread();
  kernels::ThreadPool pool(1);
  const size_t outputs = 3, inputs = 12;
  std::vector<float> weights;
  for (size_t i = 0; i < outputs * inputs; ++i) {
    const float scale = 37.123F + static_cast<float>(i / inputs);
    const int number = i % inputs == 5 ? 127 : static_cast<int>(i * 37 % 255) - 127;
    weights.push_back(static_cast<float>(number) / scale);
  }
  const Linear linear({outputs, inputs, Packing::kWhole, Linear::Format::kInt8},
                      RowsOf(weights, inputs), {}, pool);
  const std::vector<float> in(inputs, 1);  // exact in 8 bits
  std::vector<float> out(outputs);
  linear.Apply(in.data(), 1, Finish::kStore, out.data());
  for (size_t row = 0; row < outputs; ++row) {
    double sum = 0;
    for (size_t i = 0; i < inputs; ++i) sum += static_cast<double>(weights[row * inputs + i]);
    EXPECT_NEAR(out[row], sum, 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Packings, LinearTest, ::testing::Values(Packing::kWhole, Packing::kPanels),
                         [](const auto& test) {
                           return test.param == Packing::kWhole ? "Whole" : "Panels";
                         });

TEST(LayerNormTest, GivesEachRowMeanAndSpread) {
  constexpr size_t kWidth = 40;
  const LayerNorm norm{Noise(kWidth, 1), Noise(kWidth, 2)};
  const std::vector<float> in = Noise(3 * kWidth, 3);
  std::vector<float> out(3 * kWidth);
  norm.Apply(kernels::KernelsFor(kernels::InstructionSet::kPlain), in.data(), 3, out.data());
  for (size_t row = 0; row < 3; ++row) {
    double mean = 0;
    double variance = 0;
    for (size_t i = 0; i < kWidth; ++i) mean += in[row * kWidth + i] / double{kWidth};
    for (size_t i = 0; i < kWidth; ++i) {
      variance += std::pow(in[row * kWidth + i] - mean, 2) / double{kWidth};
    }
    for (size_t i = 0; i < kWidth; ++i) {
      const double expected =
          (in[row * kWidth + i] - mean) / std::sqrt(variance + 1e-5) * norm.gamma[i] + norm.beta[i];
      EXPECT_NEAR(out[row * kWidth + i], expected, 1e-5);
    }
  }
}

}  // namespace
}  // namespace verbatim::nn
