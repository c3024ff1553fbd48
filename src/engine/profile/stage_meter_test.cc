#include "profile/stage_meter.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <thread>

namespace verbatim::profile {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const StageTotals& At(const StageMeter::Totals& totals, Stage stage) {
  return totals[static_cast<size_t>(stage)];
}

uint64_t SumOfTimes(const StageMeter::Totals& totals) {
  uint64_t sum = 0;
  for (const StageTotals& stage : totals) sum += stage.nanoseconds;
  return sum;
}

TEST(StageMeter, EveryStageHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (size_t stage = 0; stage < kStageCount; ++stage) {
    names.insert(StageName(static_cast<Stage>(stage)));
  }
  EXPECT_EQ(names.size(), kStageCount);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(StageMeter, ANestedStageTakesItsTimeAndTheOuterOneGoesOn) {
  StageMeter meter;
  {
    StageClock clock(&meter, Stage::kResults);
    std::this_thread::sleep_for(milliseconds(2));
    {
      StageScope scope(clock, Stage::kMel, {10, 20});
      std::this_thread::sleep_for(milliseconds(6));
      scope.Next(Stage::kSearch, {1, 2});
      EXPECT_EQ(clock.stage(), Stage::kSearch);
    }
    EXPECT_EQ(clock.stage(), Stage::kResults);
    std::this_thread::sleep_for(milliseconds(2));
  }
  const StageMeter::Totals totals = meter.Read();
  EXPECT_GE(At(totals, Stage::kResults).nanoseconds, 4'000'000U);
  EXPECT_GE(At(totals, Stage::kMel).nanoseconds, 6'000'000U);
  EXPECT_EQ(At(totals, Stage::kMel).calls, 1U);
  EXPECT_EQ(At(totals, Stage::kMel).work.operations, 10U);
  EXPECT_EQ(At(totals, Stage::kMel).work.bytes, 20U);
  EXPECT_EQ(At(totals, Stage::kSearch).work.operations, 1U);
  EXPECT_EQ(At(totals, Stage::kResults).calls, 0U);
}

TEST(StageMeter, StagesOfAllThreadsAddUpToTheirTime) {
  StageMeter meter;
  uint64_t lifetimes = 0;
  Mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const steady_clock::time_point begin = steady_clock::now();
        {
          StageClock clock(&meter, Stage::kResults);
          for (int round = 0; round < 20000; ++round) StageScope(clock, Stage::kSearch, {3, 5});
        }
        MutexLock lock(mutex);
        lifetimes += static_cast<uint64_t>((steady_clock::now() - begin).count());
      });
    }
    // Reading goes on beside them.
    for (uint64_t calls = 0; calls < 80000; calls = At(meter.Read(), Stage::kSearch).calls) {
      std::this_thread::yield();
    }
  }
  const StageMeter::Totals totals = meter.Read();
  EXPECT_EQ(At(totals, Stage::kSearch).calls, 80000U);
  EXPECT_EQ(At(totals, Stage::kSearch).work.operations, 240000U);
  EXPECT_EQ(At(totals, Stage::kSearch).work.bytes, 400000U);
  EXPECT_LE(SumOfTimes(totals), lifetimes);
  EXPECT_GT(SumOfTimes(totals), 0U);
}

TEST(StageMeter, AClockThatFollowsAnotherKeepsWhatWasCounted) {
  StageMeter meter;
  for (int i = 0; i < 3; ++i) {
    StageClock clock(&meter, Stage::kMedia);
    clock.Count({1, 0});
  }
  EXPECT_EQ(At(meter.Read(), Stage::kMedia).work.operations, 3U);
}

TEST(StageMeter, WithoutAMeterNothingIsCounted) {
  StageClock clock(nullptr, Stage::kMedia);
  StageScope scope(clock, Stage::kVad, {1, 1});
  EXPECT_EQ(clock.stage(), Stage::kVad);
}

}  // namespace
}  // namespace verbatim::profile
