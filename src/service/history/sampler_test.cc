#include "history/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "jobs/test_clock.h"
#include "jobs/test_server.h"

namespace verbatim::history {
namespace {

using ::testing::HasSubstr;

class SamplerTest : public ::testing::Test {
 protected:
  void Tick(int count = 1) {
    for (int i = 0; i < count; ++i) {
      server_.clock().Advance(1000);
      sampler_.Tick();
    }
  }

  const jobs::TestFolder folder_;
  jobs::TestServer server_{folder_.path()};
  const settings::Loaded loaded_;
  const performance::Basis basis_{};
  Recorder recorder_{server_.database(), server_.log()};
  std::vector<std::pair<std::string, bool>> live_;
  int level_ = 0;
  Sampler sampler_{
      {basis_,
       server_.jobs(),
       server_.engines(),
       server_.metrics(),
       recorder_,
       server_.clock(),
       [this](std::string json, bool is_idle) { live_.emplace_back(std::move(json), is_idle); },
       [this] { return std::optional<int>(level_); },
       {}}};
};

TEST_F(SamplerTest, TheFirstLookIsWhatTheSecondIsComparedWith) {
  Tick();
  EXPECT_FALSE(recorder_.newest());
  Tick();
  const std::optional<Sample> sample = recorder_.newest();
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->time_ms, server_.clock().WallMs());
  EXPECT_GT(sample->at(Series::kMemoryAvailable), 0);
  EXPECT_GT(sample->at(Series::kProcessMemory), 0);
  ASSERT_EQ(live_.size(), 1U);
  EXPECT_EQ(live_[0].first, SampleJson(*sample));
  EXPECT_TRUE(live_[0].second);
}

TEST_F(SamplerTest, WorkIsSeen) {
  Tick(2);
  const store::Job job = server_.Submit(server_.Upload(jobs::Speech(3)));
  server_.jobs().Tick();
  level_ = 2;
  Tick();
  EXPECT_EQ(recorder_.newest()->at(Series::kJobsQueued), 1);
  EXPECT_EQ(recorder_.newest()->at(Series::kPressureLevel), 2);
  EXPECT_FALSE(live_.back().second);
  Tick(4);
  EXPECT_EQ(recorder_.newest()->at(Series::kOldestWait), 5);
  ASSERT_EQ(server_.jobs().RunNext(), jobs::JobCenter::Step::kRan);
  server_.jobs().Tick();
  Tick();
  EXPECT_EQ(recorder_.newest()->at(Series::kWindows), 3);
  EXPECT_GT(recorder_.newest()->at(Series::kRealtimeFactor), 0);
  EXPECT_EQ(recorder_.newest()->at(Series::kJobsQueued), 0);
  EXPECT_EQ(recorder_.newest()->at(Series::kOldestWait), 0);
  EXPECT_FALSE(live_.back().second) << "in this second there was work";
  Tick();
  EXPECT_TRUE(live_.back().second);
  EXPECT_EQ(recorder_.newest()->at(Series::kWindows), 0);
}

TEST_F(SamplerTest, TheMetricsFollow) {
  level_ = 3;
  Tick();
  const std::string text = server_.metrics().Exposition();
  EXPECT_THAT(text, HasSubstr("verbatim_pressure_level 3\n"));
  for (const char* name :
       {"verbatim_memory_available_bytes ", "verbatim_cores ",
        "verbatim_engine_workers{state=\"idle\"} 0\n", "verbatim_realtime_factor 0\n"}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
}

}  // namespace
}  // namespace verbatim::history
