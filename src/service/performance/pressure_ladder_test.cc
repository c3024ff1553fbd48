#include "performance/pressure_ladder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace verbatim::performance {
namespace {

constexpr uint64_t kMegabyte = 1 << 20;
constexpr int64_t kSecond = 1000;

// A machine of 16 GB whose process holds 500 MB: memory is short below 256 MB.
PressureLook Look(int64_t second, uint64_t available_mb, uint64_t held_mb = 500) {
  return {second * kSecond, available_mb * kMegabyte, 16 * kGigabyte, held_mb * kMegabyte, 0};
}

class PressureLadderTest : public testing::Test {
 protected:
  // Looks every second up to a time; returns the level.
  int Until(int64_t second, uint64_t available_mb, uint64_t held_mb = 500) {
    PressureLevel level = ladder_.level();
    while (now_ < second) level = ladder_.Update(Look(++now_, available_mb, held_mb));
    return static_cast<int>(level);
  }

  PressureLadder ladder_;
  int64_t now_ = 0;
};

TEST_F(PressureLadderTest, DownAStepEveryFewSecondsWhileMemoryIsShort) {
  EXPECT_EQ(Until(10, 4000), 0);
  EXPECT_FALSE(ladder_.is_short());
  EXPECT_EQ(Until(11, 200), 1);
  EXPECT_TRUE(ladder_.is_short());
  EXPECT_EQ(Until(13, 200), 1);
  EXPECT_EQ(Until(14, 200), 2);
  EXPECT_EQ(Until(17, 200), 3);
  EXPECT_EQ(Until(20, 200), 4);
  EXPECT_EQ(Until(23, 200), 5);
  EXPECT_EQ(Until(100, 200), 5);
}

TEST_F(PressureLadderTest, StaysWhileMemoryIsNeitherShortNorAtHand) {
  Until(1, 200);
  EXPECT_EQ(Until(1000, 300), 1);
}

TEST_F(PressureLadderTest, UpSlowly) {
  Until(4, 200);
  EXPECT_EQ(Until(34, 4000), 2);
  EXPECT_EQ(Until(35, 4000), 1);
  EXPECT_EQ(Until(64, 4000), 1);
  EXPECT_EQ(Until(65, 4000), 0);
  EXPECT_TRUE(ladder_.steps().empty());
}

TEST_F(PressureLadderTest, ARelapseDoublesTheTimeUntilOneStepHasLasted) {
  const auto seconds_up = [this] {
    const int64_t begin = now_;
    while (ladder_.level() != PressureLevel::kNone) Until(now_ + 1, 4000);
    return now_ - begin - 1;  // the first look after the shortage begins the time
  };
  for (const int64_t expected : {30, 60, 120, 240, 480, 600, 600}) {
    Until(now_ + 1, 200);
    EXPECT_EQ(seconds_up(), expected);
    Until(now_ + 10, 4000);
  }
  Until(now_ + 4 * 600, 4000);
  Until(now_ + 1, 200);
  EXPECT_EQ(seconds_up(), 480) << "it lasted: half of 960";
  Until(now_ + 4 * (480 + 240 + 120 + 60), 4000);
  Until(now_ + 1, 200);
  EXPECT_EQ(seconds_up(), 30) << "it lasted for long";
}

TEST_F(PressureLadderTest, StepsKnowWhatCameBack) {
  Until(1, 200, 500);
  Until(3, 250, 420);
  ASSERT_EQ(ladder_.steps().size(), 1U);
  EXPECT_EQ(ladder_.steps()[0].returned_bytes, 80 * kMegabyte);
  EXPECT_EQ(ladder_.steps()[0].since_ms, kSecond);
  Until(4, 240, 430);
  ASSERT_EQ(ladder_.steps().size(), 2U);
  EXPECT_EQ(ladder_.steps()[0].returned_bytes, 80 * kMegabyte) << "the most";
  Until(6, 300, 400);
  EXPECT_EQ(ladder_.steps()[1].returned_bytes, 30 * kMegabyte);
  EXPECT_EQ(ladder_.steps()[0].returned_bytes, 80 * kMegabyte);
}

// What a step gave back must be there besides, or taking it back would make memory short at once.
TEST_F(PressureLadderTest, WhatCameBackIsNotTakenForRoom) {
  Until(1, 200, 900);
  EXPECT_EQ(Until(300, 700, 500), 1);
  EXPECT_EQ(Until(400, 785, 500), 0);
}

TEST_F(PressureLadderTest, WhatTheProcessHoldsIsNoPressure) {
  // It took all but a fifth of what there was, as memory_safety_factor lets it.
  ladder_.Update({1000, 200 * kMegabyte, kGigabyte, 800 * kMegabyte, 0});
  EXPECT_EQ(ladder_.level(), PressureLevel::kNone);
  // The same left over on the same machine, and others took it.
  EXPECT_EQ(PressureReserve({0, 0, kGigabyte, 0, 0}), kGigabyte / 20);
  EXPECT_EQ(PressureReserve({0, 200 * kMegabyte, kGigabyte, 800 * kMegabyte, 0}), 100 * kMegabyte);
  // However it divides its reach, the reserve stays.
  for (uint64_t held = 0; held <= 900; held += 100) {
    EXPECT_EQ(PressureReserve({0, (900 - held) * kMegabyte, kGigabyte, held * kMegabyte, 0}),
              90 * kMegabyte);
  }
}

TEST_F(PressureLadderTest, StallsCountWhereMemoryIsScarce) {
  PressureLook look = Look(1, 2000);
  look.stall_percent = 12;
  EXPECT_EQ(ladder_.Update(look), PressureLevel::kFewerWorkers);
  look = Look(2, 8000);
  look.stall_percent = 12;
  PressureLadder other;
  EXPECT_EQ(other.Update(look), PressureLevel::kNone) << "another control group waits";
  // Up only once they are over.
  for (int64_t second = 3; second < 100; ++second) {
    look = Look(second, 2000);
    look.stall_percent = 7;
    EXPECT_EQ(ladder_.Update(look), PressureLevel::kFewerWorkers);
  }
}

TEST_F(PressureLadderTest, ShapesShrinkWithTheLevel) {
  EXPECT_EQ(ShapeAt(PressureLevel::kNone, {7, 8}), (EngineShape{7, 8}));
  EXPECT_EQ(ShapeAt(PressureLevel::kFewerWorkers, {7, 0}), (EngineShape{4, 0}));
  EXPECT_EQ(ShapeAt(PressureLevel::kFewerWorkers, {1, 4}), (EngineShape{1, 4}));
  EXPECT_EQ(ShapeAt(PressureLevel::kSmallBatch, {7, 8}), (EngineShape{1, 1}));
  EXPECT_EQ(ShapeAt(PressureLevel::kAdmitNone, {7, 8}), (EngineShape{1, 1}));
}

// A machine whose others take memory and give it back, and a process that gives way: each level
// makes it smaller, so what is available depends on the ladder itself.
struct Outcome {
  int changes = 0;
  int returns = 0;  // a step taken back, then taken again: flapping
  int highest = 0;
  int last = 0;
  int short_seconds = 0;  // in which memory was short
};

struct Load {
  double period_s = 60;
  double low_mb = 0;  // that others leave, at the worst and at the best
  double high_mb = 3000;
  double noise_mb = 0;
};

Outcome Simulate(unsigned seed, const Load& load, int64_t seconds) {
  constexpr uint64_t kHeldMb[] = {800, 500, 300, 300, 250, 250};
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 1);
  PressureLadder ladder;
  Outcome run;
  bool was_up = false;
  for (int64_t second = 0; second < seconds; ++second) {
    const double wave = (1 + std::sin(2 * M_PI * static_cast<double>(second) / load.period_s)) / 2;
    const double left =
        load.low_mb + (load.high_mb - load.low_mb) * wave + load.noise_mb * noise(random);
    const uint64_t held = kHeldMb[static_cast<size_t>(ladder.level())];
    const double available = std::max(left - static_cast<double>(held), 0.0);
    const auto before = static_cast<int>(ladder.level());
    const auto after =
        static_cast<int>(ladder.Update(Look(second, static_cast<uint64_t>(available), held)));
    run.changes += before == after ? 0 : 1;
    run.returns += after > before && was_up ? 1 : 0;
    if (before != after) was_up = after < before;
    run.highest = std::max(run.highest, after);
    run.last = after;
    run.short_seconds += ladder.is_short() ? 1 : 0;
  }
  return run;
}

// VERBATIM_SEED gives another seed.
TEST(PressureSimulationTest, NeverFlapsUnderALoadThatSwings) {
  const char* given = getenv("VERBATIM_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : 1;
  std::mt19937 random(seed);
  for (int i = 0; i < 300; ++i) {
    Load load;
    load.period_s =
        std::exp(std::uniform_real_distribution(std::log(3.0), std::log(600.0))(random));
    load.low_mb = std::uniform_real_distribution(0.0, 1000.0)(random);
    load.high_mb = load.low_mb + std::uniform_real_distribution(0.0, 6000.0)(random);
    load.noise_mb = std::uniform_real_distribution(0.0, 200.0)(random);
    const Outcome run = Simulate(seed + static_cast<unsigned>(i), load, 3600);
    SCOPED_TRACE(testing::Message()
                 << "seed " << seed << ", load " << i << ": period " << load.period_s << " s, "
                 << load.low_mb << " to " << load.high_mb << " MB, noise " << load.noise_mb);
    // 30 + 60 + 120 + ... s between relapses leave room for 8 of them in an hour, and for a few
    // more where one step happens to last.
    if (load.period_s < 60) {
      EXPECT_LE(run.returns, 12);
    }
    // Where the load is slow, down and up with it.
    EXPECT_LE(run.changes, 30 + 10 * 3600 / std::max(load.period_s, 180.0));
  }
}

TEST(PressureSimulationTest, GivingWayEndsAShortageAndComesBackFromIt) {
  // Others leave 700 MB for good: half of the process fits.
  const Outcome squeezed = Simulate(1, {60, 700, 700, 0}, 600);
  EXPECT_EQ(squeezed.last, 2);
  EXPECT_LE(squeezed.short_seconds, 5);
  // An hour's swing, down and up again.
  const Outcome swing = Simulate(1, {3600, 300, 6000, 0}, 7200);
  EXPECT_GE(swing.highest, 3);
  EXPECT_EQ(swing.last, 0);
  EXPECT_EQ(swing.returns, 1) << "once for each of the two swings but the first";
}

}  // namespace
}  // namespace verbatim::performance
