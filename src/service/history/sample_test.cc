#include "history/sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace verbatim::history {
namespace {

using profile::Stage;
using ::testing::HasSubstr;

uint64_t& Nanoseconds(Reading& reading, Stage stage) {
  return reading.stages[static_cast<size_t>(stage)].nanoseconds;
}

double OfStage(const Sample& sample, Stage stage) {
  return sample.values[kNamedSeries + static_cast<size_t>(stage)];
}

Reading MakeReading(int64_t steady_ms) {
  Reading reading;
  reading.wall_ms = 1'700'000'000'000 + steady_ms;
  reading.steady_ms = steady_ms;
  reading.resources.memory_total.value = 1000;
  reading.resources.memory_available.value = 250;
  return reading;
}

TEST(SampleTest, EverySeriesHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t series = 0; series < kSeriesCount; ++series) {
    const std::string& name = SeriesName(series);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos);
    EXPECT_EQ(FindSeries(name), series);
  }
  EXPECT_TRUE(names.contains("stage_encoder_attention"));
  EXPECT_FALSE(FindSeries("nonsense"));
}

TEST(SampleTest, WhatGrowsBecomesARate) {
  Reading before = MakeReading(1000);
  before.cpu_s = 10;
  before.windows = 5;
  before.audio_s = 100;
  Reading now = MakeReading(3000);
  now.cpu_s = 13;
  now.windows = 9;
  now.audio_s = 150;
  now.workers = 4;
  now.workers_busy = 3;
  now.jobs_queued = 2;
  Nanoseconds(now, Stage::kVocabulary) = 500'000'000;
  const std::optional<Sample> sample = MakeSample(before, now);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->time_ms, now.wall_ms);
  EXPECT_DOUBLE_EQ(sample->at(Series::kCpu), 1.5);
  EXPECT_DOUBLE_EQ(sample->at(Series::kWindows), 2);
  EXPECT_DOUBLE_EQ(sample->at(Series::kRealtimeFactor), 25);
  EXPECT_DOUBLE_EQ(OfStage(*sample, Stage::kVocabulary), .25);
  EXPECT_DOUBLE_EQ(sample->at(Series::kMemoryAvailable), 250);
  EXPECT_DOUBLE_EQ(sample->at(Series::kMemoryUsed), 75);
  EXPECT_DOUBLE_EQ(sample->at(Series::kWorkersBusy), 3);
  EXPECT_DOUBLE_EQ(sample->at(Series::kJobsQueued), 2);
}

TEST(SampleTest, WhatCannotBeReadIsNoNumber) {
  const std::optional<Sample> sample = MakeSample(MakeReading(0), MakeReading(1000));
  ASSERT_TRUE(sample);
  EXPECT_TRUE(std::isnan(sample->at(Series::kLoad)));
  EXPECT_TRUE(std::isnan(sample->at(Series::kWorkerEfficiency)));
  EXPECT_TRUE(std::isnan(sample->at(Series::kPressureLevel)));
  EXPECT_THAT(SampleJson(*sample), HasSubstr("\"load\":null,"));
  EXPECT_THAT(SampleJson(*sample), HasSubstr("{\"time\":1700000001.000,"));
}

TEST(SampleTest, NoTimeNoSample) {
  EXPECT_FALSE(MakeSample(MakeReading(1000), MakeReading(1000)));
  EXPECT_FALSE(MakeSample(MakeReading(1000), MakeReading(900)));
}

TEST(SampleTest, ACounterThatWentBackCountsAsNothing) {
  Reading before = MakeReading(0);
  before.windows = 100;
  before.audio_s = 100;
  const std::optional<Sample> sample = MakeSample(before, MakeReading(1000));
  EXPECT_EQ(sample->at(Series::kWindows), 0);
  EXPECT_EQ(sample->at(Series::kRealtimeFactor), 0);
}

TEST(SampleTest, EfficiencyIsOfWorkersAlone) {
  const Reading before = MakeReading(0);
  Reading now = MakeReading(1000);
  Nanoseconds(now, Stage::kMedia) = 9'000'000'000;       // of a reader
  Nanoseconds(now, Stage::kWorkerWait) = 9'000'000'000;  // of a reader, too
  EXPECT_FALSE(WorkerEfficiency(before.stages, now.stages));
  Nanoseconds(now, Stage::kMel) = 1'000'000'000;
  Nanoseconds(now, Stage::kVocabulary) = 2'000'000'000;
  Nanoseconds(now, Stage::kWindowWait) = 1'000'000'000;
  EXPECT_DOUBLE_EQ(WorkerEfficiency(before.stages, now.stages).value_or(0), .75);
}

TEST(SampleTest, ThisProcessComputes) {
  const double before_s = ProcessCpuSeconds();
  volatile double work = 0;
  while (ProcessCpuSeconds() == before_s) work = work + 1;
  EXPECT_GT(ProcessCpuSeconds(), before_s);
}

}  // namespace
}  // namespace verbatim::history
