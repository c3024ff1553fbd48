#include "history/recorder.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "store/samples.h"
#include "store/test_database.h"

namespace verbatim::history {
namespace {

constexpr auto kCpu = static_cast<size_t>(Series::kCpu);
constexpr int64_t kStart = 1'700'000'400;  // within an hour and a minute

class RecorderTest : public ::testing::Test, protected store::TestDatabase {
 protected:
  RecorderTest() { Restart(); }

  // As after kill -9.
  void Restart(RecorderOptions options = {}) {
    recorder_ = std::make_unique<Recorder>(*database_, log_, options);
  }

  // A sample each second from `begin_s` on, with the CPU use that a function of the time gives.
  void Live(int64_t begin_s, int64_t seconds, const std::function<double(int64_t)>& cpu) {
    for (int64_t i = 0; i < seconds; ++i) {
      Sample sample;
      sample.time_ms = (begin_s + i) * 1000 + 7;
      sample.at(Series::kCpu) = cpu(begin_s + i);
      steady_ms_ += 1000;
      recorder_->Add(sample, steady_ms_);
    }
  }
  void Live(int64_t begin_s, int64_t seconds, double cpu = 1) {
    Live(begin_s, seconds, std::function<double(int64_t)>([cpu](int64_t) { return cpu; }));
  }

  Table Read(int64_t from_s, int64_t to_s, int64_t step_s) const {
    Result<Table> table = recorder_->Read({from_s, to_s, step_s});
    EXPECT_TRUE(table);
    return table ? *std::move(table) : Table{};
  }
  std::vector<store::StoredSample> Stored(int64_t step_s) {
    return TestDatabase::Read(store::SamplesIn, store::SampleRange{step_s}).value();
  }

  QuietLog log_;
  int64_t steady_ms_ = 0;
  std::unique_ptr<Recorder> recorder_;
};

constexpr int64_t kMinute = StepBegin(kStart, 60);
constexpr int64_t kFullHour = StepBegin(kStart, 3600) + 3600;

TEST_F(RecorderTest, SecondsAreThereForAQuarterOfAnHour) {
  Live(kStart, 1000, [](int64_t second) { return static_cast<double>(second % 2); });
  const Table table = Read(kStart, kStart + 1000, 1);
  EXPECT_EQ(table.step_s, 1);
  ASSERT_EQ(table.points.size(), 900U);
  EXPECT_EQ(table.points.front().begin_s, kStart + 100);
  EXPECT_EQ(table.points.back().begin_s, kStart + 999);
  EXPECT_EQ(table.points.back().series[kCpu].mean, (kStart + 999) % 2);
  EXPECT_EQ(Read(kStart + 500, kStart + 510, 1).points.size(), 10U);
}

TEST_F(RecorderTest, MinutesHoldMeanLeastAndGreatest) {
  Live(kMinute, 180, [](int64_t second) { return static_cast<double>(second % 60); });
  const Table table = Read(kMinute, kMinute + 180, 60);
  ASSERT_EQ(table.points.size(), 3U);  // the last is in hand
  for (const Bucket& minute : table.points) {
    EXPECT_EQ(minute.count, 60);
    EXPECT_NEAR(minute.series[kCpu].mean, 29.5, 1e-3);
    EXPECT_EQ(minute.series[kCpu].min, 0);
    EXPECT_EQ(minute.series[kCpu].max, 59);
  }
  EXPECT_EQ(Stored(60).size(), 2U);
}

TEST_F(RecorderTest, ACrashLosesTheMinuteInHandAndNoMore) {
  Live(kMinute, 150);
  Restart();
  EXPECT_EQ(Read(kMinute, kMinute + 180, 60).points.size(), 2U);
  Live(kMinute + 155, 60);
  const Table table = Read(kMinute, kMinute + 240, 60);
  ASSERT_EQ(table.points.size(), 4U);
  EXPECT_EQ(table.points[2].count, 25);
}

TEST_F(RecorderTest, AnOrderlyEndLosesNothingAndTheSameMinuteGoesOn) {
  Live(kMinute, 30, 1);
  recorder_->Flush();
  recorder_->Flush();  // there is nothing more
  Restart();
  Live(kMinute + 30, 40, 3);
  const Table table = Read(kMinute, kMinute + 120, 60);
  ASSERT_EQ(table.points.size(), 2U);
  EXPECT_EQ(table.points[0].count, 60);
  EXPECT_NEAR(table.points[0].series[kCpu].mean, 2, 1e-4);
  EXPECT_EQ(table.points[0].series[kCpu].min, 1);
}

TEST_F(RecorderTest, HoursAreSummedUpWhenTheyAreOver) {
  Live(kFullHour, 3600, 2);
  EXPECT_TRUE(Stored(3600).empty());
  Live(kFullHour + 3600, 61, 4);
  ASSERT_EQ(Stored(3600).size(), 1U);
  EXPECT_EQ(Stored(3600)[0].count, 3600);
  const Table table = Read(kFullHour, kFullHour + 7200, 3600);
  ASSERT_EQ(table.points.size(), 2U);  // the second is not over
  EXPECT_NEAR(table.points[0].series[kCpu].mean, 2, 1e-4);
  EXPECT_NEAR(table.points[1].series[kCpu].mean, 4, 1e-4);
  EXPECT_EQ(table.points[1].count, 61);
}

TEST_F(RecorderTest, AnHourThatACrashLeftIsSummedUpLater) {
  Live(kFullHour, 600, 2);
  Restart();
  Live(kFullHour + 3 * 3600, 70, 1);
  ASSERT_EQ(Stored(3600).size(), 1U);
  EXPECT_EQ(Stored(3600)[0].begin_s, kFullHour);
  EXPECT_EQ(Stored(3600)[0].count, 540);
}

TEST_F(RecorderTest, AClockThatJumpsBackMeetsItsOwnMinutes) {
  Live(kMinute, 120, 1);
  Live(kMinute, 120, 3);  // set back by two minutes
  Live(kMinute + 86'400, 61, 5);
  const Table table = Read(kMinute, kMinute + 120, 60);
  ASSERT_EQ(table.points.size(), 2U);
  EXPECT_EQ(table.points[0].count, 120);
  EXPECT_NEAR(table.points[0].series[kCpu].mean, 2, 1e-4);
  const Table seconds = Read(kMinute, kMinute + 120, 1);
  EXPECT_EQ(seconds.points.size(), 120U);
  EXPECT_EQ(seconds.points[0].count, 2);
}

TEST_F(RecorderTest, WhatIsTooOldGoes) {
  const RecorderOptions options{
      .minutes_kept_s = 7200, .hours_kept_s = 86'400, .trust_ms = 60'000, .trim_ms = 0};
  Restart(options);
  Live(kFullHour, 120);
  Live(kFullHour + 10 * 3600, 240);
  EXPECT_EQ(Stored(60).front().begin_s, kFullHour + 10 * 3600);
  EXPECT_EQ(Stored(3600).size(), 1U);
  Restart(options);
  Live(kFullHour + 30 * 3600, 240);
  ASSERT_EQ(Stored(3600).size(), 1U);
  EXPECT_EQ(Stored(3600)[0].begin_s, kFullHour + 10 * 3600);
}

TEST_F(RecorderTest, AClockThatIsWrongForAWhileDeletesNothing) {
  Live(kFullHour, 700);
  constexpr int64_t kCentury = int64_t{100} * 365 * 86'400;
  Live(kFullHour + kCentury, 500);
  Live(kFullHour + 1200, 700);
  EXPECT_EQ(Stored(60).front().begin_s, kFullHour);
  EXPECT_EQ(Read(kFullHour, kFullHour + 700, 60).points.size(), 12U);
}

TEST_F(RecorderTest, LongSpansComeInLargerSteps) {
  Live(kFullHour, 3600);
  const int64_t day_s = 86'400;
  const Table table = Read(kFullHour - 10 * day_s, kFullHour + 3600, 60);
  EXPECT_EQ(table.step_s % 60, 0);
  EXPECT_GT(table.step_s, 60);
  EXPECT_LE((10 * day_s + 3600) / table.step_s, kPointsMax);
  int64_t count = 0;
  for (const Bucket& point : table.points) {
    EXPECT_EQ(point.begin_s % table.step_s, 0);
    count += point.count;
  }
  EXPECT_EQ(count, 3600);
}

TEST_F(RecorderTest, DamagedSamplesAreAGapAndNoMore) {
  Live(kMinute, 121);
  ASSERT_TRUE(Write(store::PutSample, store::StoredSample{60, kMinute, 60, "damaged"}));
  const Table table = Read(kMinute, kMinute + 180, 60);
  ASSERT_EQ(table.points.size(), 2U);
  EXPECT_EQ(table.points[0].begin_s, kMinute + 60);
  Live(kMinute, 61);  // the clock is set back to it
  EXPECT_EQ(Read(kMinute, kMinute + 60, 60).points[0].count, 60);
}

}  // namespace
}  // namespace verbatim::history
