#include "measure/calibration.h"

#include <gtest/gtest.h>

#include <limits>

namespace verbatim::measure {
namespace {

using pipeline::AudioType;
using pipeline::ComputeType;
using pipeline::FormatsOf;
using pipeline::PartFormats;

constexpr double kDoesNotFit = std::numeric_limits<double>::infinity();

TEST(ChooseFastest, TheRuleStaysUnlessAnotherSavesThreePercent) {
  const struct {
    std::vector<double> seconds;
    size_t chosen;
  } cases[] = {
      {{1}, 0},
      {{1, 0.98}, 0},
      {{1, 0.96}, 1},
      {{1, 0.9, 0.8, 0.85}, 2},
      {{1, 2, 3}, 0},
      {{1, 0.5, 0.5}, 1},
      {{1, kDoesNotFit}, 0},
      {{kDoesNotFit, 1}, 1},
      {{kDoesNotFit, kDoesNotFit}, 0},
      {{0, 0}, 0},
      {{}, 0},
  };
  for (const auto& tried : cases) {
    EXPECT_EQ(ChooseFastest(tried.seconds), tried.chosen) << testing::PrintToString(tried.seconds);
  }
}

TEST(ChooseFormats, EachPartHasItsOwnFastest) {
  const auto int8 = FormatsOf(ComputeType::kInt8);
  const auto f32 = FormatsOf(ComputeType::kF32);
  const struct {
    std::vector<FormatTrial> trials;
    PartFormats chosen;
  } cases[] = {
      {{{ComputeType::kInt8, 9, {4, 3, 2, 1}}}, int8},
      {{{ComputeType::kInt8, 9, {4, 3, 2, 1}}, {ComputeType::kF32, 9, {8, 8, 8, 8}}}, int8},
      {{{ComputeType::kInt8, 9, {4, 3, 2, 1}}, {ComputeType::kF32, 9, {1, 1, 1, 0.5}}}, f32},
      // Too little to count.
      {{{ComputeType::kInt8, 9, {4, 3, 2, 1}}, {ComputeType::kF32, 9, {3.9, 2.95, 1.96, 0.99}}},
       int8},
      // The total does not decide, the parts do.
      {{{ComputeType::kInt8, 9, {4, 3, 2, 1}},
        {ComputeType::kBf16, 12, {3, 3, 4, 0.5}},
        {ComputeType::kF32, 15, {9, 2, 9, 0.9}}},
       {ComputeType::kBf16, ComputeType::kF32, ComputeType::kInt8, AudioType::kHalf}},
      {{{ComputeType::kInt8, 9, {4, 3, 2, 1}}, {ComputeType::kBf16, 9, {5, 3, 1, 2}}},
       {ComputeType::kInt8, ComputeType::kBf16, ComputeType::kBf16, AudioType::kInt8}},
  };
  for (const auto& tried : cases) {
    EXPECT_EQ(ChooseFormats(tried.trials), tried.chosen) << &tried - cases;
  }
}

TEST(ShapesFor, EachSharesOutTheCpus) {
  using Shapes = std::vector<std::pair<int, int>>;
  EXPECT_EQ(ShapesFor(1), (Shapes{{1, 1}}));
  EXPECT_EQ(ShapesFor(2), (Shapes{{1, 2}, {2, 1}}));
  EXPECT_EQ(ShapesFor(3), (Shapes{{1, 3}, {2, 1}, {3, 1}}));
  EXPECT_EQ(ShapesFor(4), (Shapes{{1, 4}, {2, 2}, {3, 1}, {4, 1}}));
  EXPECT_EQ(ShapesFor(12), (Shapes{{1, 12}, {2, 6}, {3, 4}, {4, 3}, {8, 1}, {12, 1}}));
  EXPECT_EQ(ShapesFor(128).back(), std::pair(64, 2));
  EXPECT_EQ(ShapesFor(128).size(), 8U);
  EXPECT_EQ(ShapesFor(0), (Shapes{{1, 1}}));
}

TEST(CurveOf, TrialsThatRanAreItsPointsByWorkers) {
  const pipeline::PartFormats formats;
  const std::vector<ShapeTrial> trials{{{formats, 2, 1, 4}, 10, 300},
                                       {{formats, 1, 2, 4}, 16, 200},
                                       {{formats, 4, 1, 4}, kDoesNotFit, 0}};
  EXPECT_EQ(CurveOf(trials, 160), (std::vector<WorkerPoint>{{1, 2, 10, 200}, {2, 1, 16, 300}}));
}

TEST(CalibrationKeyOf, AFolderWithoutAModelHasNone) {
  const auto key = CalibrationKeyOf(testing::TempDir());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace verbatim::measure
