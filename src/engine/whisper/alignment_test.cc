#include "whisper/alignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "base/atomic_file.h"

namespace verbatim::whisper {
namespace {

using ::testing::ElementsAre;

// Weights that look at frame `peaks[row]` and hardly elsewhere.
std::vector<float> PeakedWeights(const std::vector<int>& peaks, size_t frames_max) {
  std::vector<float> values;
  for (const int peak : peaks) {
    for (size_t frame = 0; frame < frames_max; ++frame) {
      values.push_back(std::exp(-std::abs(static_cast<float>(frame) - static_cast<float>(peak))));
    }
  }
  return values;
}

void ExpectWellFormed(const std::vector<int32_t>& starts, const AlignmentWeights& weights) {
  ASSERT_EQ(starts.size(), weights.tokens);
  EXPECT_TRUE(std::ranges::is_sorted(starts));
  for (const int32_t start : starts) {
    EXPECT_GE(start, 0);
    EXPECT_LT(start, static_cast<int32_t>(std::max<size_t>(weights.frames, 1)));
  }
  if (!starts.empty()) {
    EXPECT_EQ(starts[0], 0) << "the path begins at the first frame";
  }
}

// tests/golden/make_alignment.py computes these from the definition.
TEST(AlignmentTest, AgreesWithTheDefinition) {
  const auto file = ReadFile(std::string(VERBATIM_ROOT) + "/tests/golden/alignment.json", 1 << 20);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const boost::json::value golden = boost::json::parse(*file);
  ASSERT_GE(golden.as_array().size(), 8u);
  for (const boost::json::value& row : golden.as_array()) {
    const auto number = [&](const char* name) { return row.at(name).to_number<size_t>(); };
    const auto values = boost::json::value_to<std::vector<float>>(row.at("weights"));
    const AlignmentWeights weights{values,           number("heads"),      number("tokens"),
                                   number("frames"), number("frames_max"), number("trailing_rows")};
    EXPECT_EQ(AlignTokens(weights, number("context_rows")),
              boost::json::value_to<std::vector<int32_t>>(row.at("first_frames")))
        << number("tokens") << " tokens, " << number("frames") << " frames";
  }
}

TEST(AlignmentTest, EverySetOfKernelsAgreesWithTheDefinition) {
  const auto file = ReadFile(std::string(VERBATIM_ROOT) + "/tests/golden/alignment.json", 1 << 20);
  ASSERT_TRUE(file.has_value());
  const boost::json::value golden = boost::json::parse(*file);
  for (const boost::json::value& row : golden.as_array()) {
    const auto number = [&](const char* name) { return row.at(name).to_number<size_t>(); };
    const auto values = boost::json::value_to<std::vector<float>>(row.at("weights"));
    const AlignmentWeights weights{values,           number("heads"),      number("tokens"),
                                   number("frames"), number("frames_max"), number("trailing_rows")};
    for (const kernels::InstructionSet set : kernels::kInstructionSets) {
      if (!kernels::IsSupported(set)) continue;
      EXPECT_EQ(AlignTokens(weights, number("context_rows"), kernels::KernelsFor(set)),
                boost::json::value_to<std::vector<int32_t>>(row.at("first_frames")))
          << InstructionSetName(set);
    }
  }
}

TEST(AlignmentTest, FindsTheBordersBetweenPeaks) {
  const std::vector<float> values = PeakedWeights({5, 20, 35, 50}, 60);
  const std::vector<int32_t> starts =
      AlignTokens({.values = values, .heads = 1, .tokens = 4, .frames = 60, .frames_max = 60}, 0);
  ASSERT_EQ(starts.size(), 4u);
  EXPECT_NEAR(starts[1], 12, 2);
  EXPECT_NEAR(starts[2], 27, 2);
  EXPECT_NEAR(starts[3], 42, 2);
}

TEST(AlignmentTest, ContextRowsHaveNoTimes) {
  const std::vector<float> values = PeakedWeights({0, 0, 5, 20, 35, 50, 59}, 60);
  const AlignmentWeights weights{values, 1, 4, 60, 60, 1};
  const std::vector<int32_t> starts = AlignTokens(weights, 2);
  ExpectWellFormed(starts, weights);
  EXPECT_NEAR(starts[1], 12, 2);
  EXPECT_NEAR(starts[3], 42, 2);
}

TEST(AlignmentTest, FramesBeyondTheAudioDoNotCount) {
  std::vector<float> values = PeakedWeights({5, 20, 35}, 60);
  const AlignmentWeights weights{
      .values = values, .heads = 1, .tokens = 3, .frames = 40, .frames_max = 60};
  const std::vector<int32_t> starts = AlignTokens(weights, 0);
  for (size_t row = 0; row < 3; ++row)
    std::fill_n(values.begin() + static_cast<ptrdiff_t>(row * 60 + 40), 20, 9.0f);
  EXPECT_EQ(AlignTokens(weights, 0), starts);
}

TEST(AlignmentTest, OnlyTheEndOfTheText) {
  const std::vector<float> values(10, 0.1f);
  EXPECT_THAT(
      AlignTokens({.values = values, .heads = 1, .tokens = 1, .frames = 10, .frames_max = 10}, 0),
      ElementsAre(0));
}

TEST(AlignmentTest, EmptyShapes) {
  EXPECT_TRUE(
      AlignTokens({.values = {}, .heads = 2, .tokens = 0, .frames = 10, .frames_max = 10}, 0)
          .empty());
  const std::vector<float> values(30, 0.1f);
  EXPECT_THAT(
      AlignTokens({.values = values, .heads = 1, .tokens = 3, .frames = 0, .frames_max = 10}, 0),
      ElementsAre(0, 0, 0));
  EXPECT_THAT(
      AlignTokens({.values = values, .heads = 1, .tokens = 3, .frames = 1, .frames_max = 10}, 0),
      ElementsAre(0, 0, 0));
  EXPECT_THAT(
      AlignTokens({.values = {}, .heads = 0, .tokens = 2, .frames = 5, .frames_max = 10}, 0),
      ElementsAre(0, ::testing::AllOf(::testing::Ge(0), ::testing::Lt(5))));
}

TEST(AlignmentTest, ValuesThatAreNoWeightsStillGiveAnAnswer) {
  const float bad[] = {0.0f,
                       0.25f,
                       -1.0f,
                       std::nanf(""),
                       std::numeric_limits<float>::infinity(),
                       std::numeric_limits<float>::max(),
                       std::numeric_limits<float>::denorm_min()};
  for (const float value : bad) {
    std::vector<float> values(3 * 6 * 20, value);
    const AlignmentWeights weights{
        .values = values, .heads = 3, .tokens = 6, .frames = 20, .frames_max = 20};
    ExpectWellFormed(AlignTokens(weights, 0), weights);
    for (size_t i = 0; i < values.size(); i += 3) values[i] = 0.5f;
    ExpectWellFormed(AlignTokens(weights, 0), weights);
  }
}

// Weights that are the same in one head must not hide what another head says.
TEST(AlignmentTest, AConstantHeadChangesNothing) {
  std::vector<float> values = PeakedWeights({5, 20, 35, 50}, 60);
  const std::vector<int32_t> alone =
      AlignTokens({.values = values, .heads = 1, .tokens = 4, .frames = 60, .frames_max = 60}, 0);
  values.resize(2 * values.size(), 1.0f / 60);
  EXPECT_EQ(
      AlignTokens({.values = values, .heads = 2, .tokens = 4, .frames = 60, .frames_max = 60}, 0),
      alone);
}

TEST(AlignmentTest, RandomWeightsGiveOrderedTimes) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (int round = 0; round < 300; ++round) {
    const size_t context_rows = random() % 4;
    AlignmentWeights weights;
    weights.heads = 1 + random() % 3;
    weights.tokens = random() % 30;
    weights.frames_max = 1 + random() % 50;
    weights.frames = random() % (weights.frames_max + 1);
    weights.trailing_rows = random() % 2;
    std::vector<float> values(weights.heads *
                              (context_rows + weights.tokens + weights.trailing_rows) *
                              weights.frames_max);
    for (float& value : values) value = uniform(random);
    weights.values = values;
    ExpectWellFormed(AlignTokens(weights, context_rows), weights);
  }
}

}  // namespace
}  // namespace verbatim::whisper
