#include "history/trial.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace verbatim::history {
namespace {

// By hand: b wins 53 of 64 pairs; their mean is 32, their deviation 9.522; 20.5 of it is 2.153.
TEST(TrialTest, TheTestIsThatOfMannAndWhitney) {
  const std::array a = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};
  const std::array b = {3.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5};
  EXPECT_NEAR(MannWhitneyDoubt(a, b), 0.01566, 1e-4);
  EXPECT_GT(MannWhitneyDoubt(b, a), .98);
  const std::array ties = {1.0, 1.0, 2.0, 2.0};
  EXPECT_NEAR(MannWhitneyDoubt(ties, ties), 0.5, .1);
}

TEST(TrialTest, WhereNothingIsKnownDoubtIsWhole) {
  EXPECT_EQ(MannWhitneyDoubt({}, std::array{1.0}), 1);
  EXPECT_EQ(MannWhitneyDoubt(std::array{1.0, 1.0}, std::array{1.0, 1.0}), 1);
}

// Under no gain, the share of small doubts is that small.
TEST(TrialTest, DoubtIsAProbability) {
  std::mt19937 random(7);
  std::lognormal_distribution<double> speed(3, .3);
  int small = 0;
  constexpr int kTimes = 4000;
  for (int i = 0; i < kTimes; ++i) {
    std::vector<double> a(16);
    std::vector<double> b(16);
    for (double& one : a) one = speed(random);
    for (double& one : b) one = speed(random);
    small += MannWhitneyDoubt(a, b) <= .05 ? 1 : 0;
  }
  EXPECT_NEAR(small / static_cast<double>(kTimes), .05, .015);
}

TEST(TrialTest, BlocksAlternateAsABBA) {
  Trial trial({.block_jobs = 2});
  std::string arms;
  for (int i = 0; i < 16; ++i) {
    arms += trial.arm() == Arm::kPresent ? 'A' : 'B';
    trial.Add(trial.arm(), 50 + i);
  }
  EXPECT_EQ(arms, "AABBBBAAAABBBBAA");
}

TEST(TrialTest, JobsOfTheOtherValueCountButEndNoBlock) {
  Trial trial({.block_jobs = 2});
  for (int i = 0; i < 5; ++i) trial.Add(Arm::kCandidate, 50);
  EXPECT_EQ(trial.arm(), Arm::kPresent);
  EXPECT_EQ(trial.comparison().candidate, 5U);
  trial.Add(Arm::kPresent, 0);  // no speed
  EXPECT_EQ(trial.comparison().present, 0U);
}

TEST(TrialTest, AClearGainIsOneAndALossIsOverEarly) {
  Trial gain;
  Trial loss;
  for (int i = 0; i < 32; ++i) {
    const double noise = 1 + .01 * (i % 5);
    gain.Add(gain.arm(), noise * (gain.arm() == Arm::kPresent ? 50 : 56));
    loss.Add(loss.arm(), noise * (loss.arm() == Arm::kPresent ? 50 : 45));
    if (i < 31) {
      EXPECT_EQ(gain.verdict(), Verdict::kOpen) << i;
    }
  }
  EXPECT_EQ(gain.verdict(), Verdict::kGain);
  EXPECT_NEAR(gain.comparison().gain, .12, .02);
  EXPECT_EQ(loss.verdict(), Verdict::kNoGain);
}

}  // namespace
}  // namespace verbatim::history
