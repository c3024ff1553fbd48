#include "performance/worker_governor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

namespace verbatim::performance {
namespace {

constexpr int64_t kSecond = 1000;

TEST(WorkerGovernorTest, GoesDownSoonAndUpSlowly) {
  WorkerGovernor governor(8);
  EXPECT_EQ(governor.Update(2, 0), 8);
  EXPECT_EQ(governor.Update(2, 2 * kSecond), 8);
  EXPECT_EQ(governor.Update(2, 3 * kSecond), 2);
  EXPECT_EQ(governor.Update(8, 4 * kSecond), 2);
  EXPECT_EQ(governor.Update(8, 33 * kSecond), 2);
  EXPECT_EQ(governor.Update(8, 34 * kSecond), 3);  // one at a time
  EXPECT_EQ(governor.Update(8, 63 * kSecond), 3);
  EXPECT_EQ(governor.Update(8, 64 * kSecond), 4);
}

TEST(WorkerGovernorTest, ATwitchChangesNothing) {
  WorkerGovernor governor(4);
  for (int64_t second = 0; second < 600; ++second) {
    EXPECT_EQ(governor.Update(second % 3 == 0 ? 1 : 4, second * kSecond), 4) << second;
  }
}

TEST(WorkerGovernorTest, TakesTheMildestThatWasAskedForAllTheTime) {
  WorkerGovernor governor(8);
  governor.Update(6, 0);
  governor.Update(2, kSecond);
  governor.Update(5, 2 * kSecond);
  EXPECT_EQ(governor.Update(2, 3 * kSecond), 6);
  EXPECT_EQ(governor.Update(2, 4 * kSecond), 6);
  EXPECT_EQ(governor.Update(2, 7 * kSecond), 2);
}

TEST(WorkerGovernorTest, GrowingInVainMakesItSlower) {
  WorkerGovernor governor(2);
  int64_t now = 0;
  const auto seconds_to_grow = [&] {
    const int64_t begin = now;
    const int count = governor.count();
    while (governor.Update(8, now) == count) now += kSecond;
    return (now - begin) / kSecond;
  };
  const auto push_back = [&] {
    for (int i = 0; i < 5; ++i) governor.Update(2, now += kSecond);
  };
  EXPECT_EQ(seconds_to_grow(), 30);
  push_back();
  EXPECT_EQ(governor.count(), 2);
  EXPECT_EQ(seconds_to_grow(), 60);
  push_back();
  EXPECT_EQ(seconds_to_grow(), 120);
  for (int i = 0; i < 480; ++i) governor.Update(3, now += kSecond);  // this one stands the test
  EXPECT_EQ(seconds_to_grow(), 30);
}

// A load that swings, with noise: how often the number changes in an hour.
struct Swing {
  int changes = 0;
  int min = 1000;
  int max = 0;
};

Swing Simulate(unsigned seed, double period_s, double noise) {
  std::mt19937 random(seed);
  std::normal_distribution<double> twitch(0, noise);
  WorkerGovernor governor(8);
  Swing run;
  int before = governor.count();
  for (int64_t second = 0; second < 3600; ++second) {
    const double wave = std::sin(2 * M_PI * static_cast<double>(second) / period_s);
    const int best = static_cast<int>(std::lround(8 + 6 * wave + twitch(random)));
    const int count = governor.Update(best, second * kSecond);
    run.changes += count == before ? 0 : 1;
    run.min = std::min(run.min, count);
    run.max = std::max(run.max, count);
    before = count;
  }
  return run;
}

TEST(WorkerGovernorTest, DoesNotFlapUnderALoadThatSwings) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    for (const double period_s : {4.0, 10.0, 30.0, 60.0, 120.0}) {
      const Swing run = Simulate(seed, period_s, 1.5);
      SCOPED_TRACE("seed " + std::to_string(seed) + ", period " + std::to_string(period_s));
      // To the bottom of the swing in a few steps, and then hardly ever up again.
      EXPECT_LE(run.changes, 40);
      EXPECT_LE(run.max, 9);
      EXPECT_GE(run.min, 1);
    }
  }
}

TEST(WorkerGovernorTest, FollowsALoadThatChangesSlowly) {
  const Swing run = Simulate(1, 3600, 0);
  EXPECT_GE(run.max, 13);
  EXPECT_LE(run.min, 3);
  EXPECT_LE(run.changes, 30);
}

}  // namespace
}  // namespace verbatim::performance
