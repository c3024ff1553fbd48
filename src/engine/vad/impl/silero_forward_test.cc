#include "vad/impl/silero_forward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <span>

namespace verbatim::vad {
namespace {

std::unique_ptr<SileroWeights> RandomWeights(std::mt19937& random) {
  auto weights = std::make_unique<SileroWeights>();
  const auto fill = [&](std::span<float> values, float spread) {
    std::normal_distribution<float> normal(0, spread);
    std::ranges::generate(values, [&] { return normal(random); });
  };
  // Each layer keeps the size of its inputs, about.
  fill(weights->first, 0.07F);
  fill(weights->second, 0.08F);
  fill(weights->third, 0.12F);
  fill(weights->fourth, 0.17F);
  fill(weights->gates, 0.1F);
  fill(weights->first_bias, 0.1F);
  fill(weights->second_bias, 0.1F);
  fill(weights->third_bias, 0.1F);
  fill(weights->fourth_bias, 0.1F);
  fill(weights->gates_bias, 0.1F);
  fill(weights->last, 0.5F);
  weights->last_bias = 0.1F;
  return weights;
}

class Sets : public testing::TestWithParam<SileroSet> {};

TEST_P(Sets, AgreeWithThePortableOne) {
  if (!SileroSetWorks(GetParam())) GTEST_SKIP() << "this CPU lacks the instructions";
  std::mt19937 random(7);
  std::normal_distribution<float> noise(0, 0.3F);
  const auto weights = RandomWeights(random);
  const auto state = std::make_unique<SileroState>();
  const auto expected = std::make_unique<SileroState>();
  float lowest = 1;
  float highest = 0;
  for (int block = 0; block < 100; ++block) {
    std::ranges::generate(state->power, [&] { return std::pow(noise(random), 2.0F); });
    std::ranges::copy(state->power, expected->power);
    const float probability = SileroForward(GetParam(), *weights, *state);
    // Sums of some hundred products of size 1, over five layers: 1e-4 is some tens of roundings.
    ASSERT_NEAR(probability, SileroForward(SileroSet::kPortable, *weights, *expected), 1e-4F);
    lowest = std::min(lowest, probability);
    highest = std::max(highest, probability);
  }
  EXPECT_GT(highest - lowest, 0.1F);  // the network did something
}

INSTANTIATE_TEST_SUITE_P(All, Sets, testing::Values(SileroSet::kAvx2, SileroSet::kAvx512));

TEST(BestSileroSet, WorksHere) { EXPECT_TRUE(SileroSetWorks(BestSileroSet())); }

}  // namespace
}  // namespace verbatim::vad
