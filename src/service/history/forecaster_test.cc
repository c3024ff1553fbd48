#include "history/forecaster.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jobs/test_clock.h"
#include "store/test_database.h"

namespace verbatim::history {
namespace {

class ForecasterTest : public ::testing::Test, protected store::TestDatabase {
 protected:
  ForecasterTest() { Restart(); }

  void Restart() {
    Result<std::unique_ptr<Forecaster>> opened = Forecaster::Open(
        {*database_, clock_, log_, [](const std::string&) { return uint64_t{145'000'000}; }});
    ASSERT_TRUE(opened);
    forecaster_ = *std::move(opened);
    forecaster_->OnEachSample([this](const store::JobSample& sample) { told_.push_back(sample); });
    events_ = forecaster_->Events();
  }

  jobs::RunStart MakeStart(const std::string& id) const {
    jobs::RunStart start;
    start.job.id = id;
    start.job.attempt = 1;
    start.job.created_ms = clock_.WallMs() - 3000;
    start.job.started_ms = clock_.WallMs() - 1000;
    start.options.model = "base";
    start.options.language = "en";
    start.filename = "talk.MP3";
    start.file_bytes = 960'000;
    start.is_file_whole = true;
    start.shape.workers = 2;
    start.shape.batch = 4;
    return start;
  }
  // Of a minute of audio.
  store::Job Ended(const std::string& id, store::JobState state) const {
    store::Job job;
    job.id = id;
    job.state = state;
    job.finished_ms = clock_.WallMs();
    job.duration_ms = 60'000;
    return job;
  }
  void RunOne(const jobs::RunStart& start, int64_t ms,
              store::JobState state = store::JobState::kCompleted) {
    events_.on_start(start);
    clock_.Advance(ms);
    events_.on_end(Ended(start.job.id, state));
  }
  std::vector<store::JobSample> Stored() {
    return Read(store::NewestJobSamples, size_t{100}).value();
  }

  jobs::FakeClock clock_;
  QuietLog log_;
  std::unique_ptr<Forecaster> forecaster_;
  jobs::RunEvents events_;
  std::vector<store::JobSample> told_;
};

TEST_F(ForecasterTest, AJobLeavesWhatItTookAndWhatWasPredicted) {
  performance::Resources resources;
  resources.cores.value = 3;
  resources.load = performance::Reading<double>{1.5, performance::Tier::kPrimary, ""};
  resources.process_memory.value = uint64_t{1} << 40;  // a reading that stands out
  forecaster_->OnSecond(resources);
  const jobs::RunStart start = MakeStart("job1");
  events_.on_start(start);
  forecaster_->OnSecond(resources);
  clock_.Advance(6000);
  events_.on_end(Ended("job1", store::JobState::kCompleted));
  ASSERT_EQ(Stored().size(), 1U);
  const store::JobSample sample = Stored()[0];
  EXPECT_EQ(sample.job, "job1");
  EXPECT_EQ(sample.model, "base");
  EXPECT_EQ(sample.ending, "mp3");
  EXPECT_EQ(sample.file_bytes, 960'000U);
  EXPECT_EQ(sample.audio_s, 60);
  EXPECT_EQ(sample.worked_s, 6);
  EXPECT_EQ(sample.waited_s, 2);
  EXPECT_EQ(sample.workers, 2);
  EXPECT_EQ(sample.batch, 4);
  EXPECT_TRUE(sample.is_language_given);
  EXPECT_EQ(sample.cores, 3);
  EXPECT_EQ(sample.load, 1.5);
  EXPECT_EQ(sample.peak_bytes, uint64_t{1} << 40);
  EXPECT_NEAR(sample.assumed_audio_s, 240, 1e-6);  // by the rule: 4000 bytes a second
  EXPECT_NEAR(sample.rule_s, 6, 1e-6);             // 240 s at 20 times real time on 2 cores
  EXPECT_EQ(sample.predicted_s, sample.rule_s);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].job, "job1");
}

TEST_F(ForecasterTest, WhatWasLearnedOutlivesARestart) {
  for (int i = 0; i < 12; ++i) RunOne(MakeStart("job" + std::to_string(i)), 30'000);
  JobFacts facts;
  facts.model = "base";
  facts.ending = "mp3";
  facts.file_bytes = 960'000;
  facts.workers = 2;
  facts.batch = 4;
  facts.is_language_given = true;
  const Prediction before = forecaster_->Predict(facts);
  EXPECT_EQ(before.seconds_from, Method::kRegression);
  EXPECT_NEAR(before.used.seconds, 30, 5);
  JobFacts as_last = facts;
  as_last.workers = as_last.batch = 0;
  EXPECT_NEAR(forecaster_->Predict(as_last).used.seconds, before.used.seconds, 1e-6);
  Restart();
  EXPECT_NEAR(forecaster_->Predict(facts).used.seconds, before.used.seconds, 1e-6);
  ASSERT_EQ(forecaster_->accuracies().size(), 1U);
  EXPECT_EQ(forecaster_->accuracies()[0].first, "base");
  EXPECT_EQ(forecaster_->accuracies()[0].second.samples, 12U);
}

TEST_F(ForecasterTest, OnlyWholeRunsTeach) {
  jobs::RunStart resumed = MakeStart("resumed");
  resumed.job.attempt = 2;
  RunOne(resumed, 1000);
  jobs::RunStart early = MakeStart("early");
  early.is_file_whole = false;
  RunOne(early, 1000);
  RunOne(MakeStart("failed"), 1000, store::JobState::kFailed);
  RunOne(MakeStart("returned"), 1000, store::JobState::kQueued);
  RunOne(MakeStart("gaps"), 1000, store::JobState::kCompletedWithGaps);
  events_.on_end(Ended("never begun", store::JobState::kCompleted));
  EXPECT_TRUE(Stored().empty());
  EXPECT_TRUE(told_.empty());
}

TEST_F(ForecasterTest, JobsThatRunBesideAreCounted) {
  events_.on_start(MakeStart("first"));
  events_.on_start(MakeStart("second"));
  clock_.Advance(1000);
  events_.on_end(Ended("second", store::JobState::kCompleted));
  events_.on_end(Ended("first", store::JobState::kCompleted));
  ASSERT_EQ(Stored().size(), 2U);
  EXPECT_EQ(Stored()[0].others, 1);
  EXPECT_EQ(Stored()[1].others, 0);
}

TEST_F(ForecasterTest, AnEphemeralJobLeavesNoName) {
  jobs::RunStart start = MakeStart("secret");
  start.job.is_ephemeral = true;
  RunOne(start, 1000);
  ASSERT_EQ(Stored().size(), 1U);
  EXPECT_EQ(Stored()[0].job, "");
}

TEST_F(ForecasterTest, EndingsAreThoseOfNames) {
  EXPECT_EQ(EndingOf("talk.MP4"), "mp4");
  EXPECT_EQ(EndingOf("a.b.wav"), "wav");
  EXPECT_EQ(EndingOf("talk"), "");
  EXPECT_EQ(EndingOf("talk.something long"), "");
  EXPECT_EQ(EndingOf("talk.m\n4"), "");
}

// Two workers are twice as fast as one, and four no faster than two.
TEST_F(ForecasterTest, TheBestWorkersAreKnownOnceTheRegressionIs) {
  store::JobSample sample;
  sample.model = "base";
  sample.audio_s = 60;
  sample.workers = 1;
  sample.batch = 4;
  sample.beams = 1;
  EXPECT_EQ(forecaster_->BestWorkers(sample), 0);
  performance::Resources resources;
  resources.cores.value = 4;
  forecaster_->OnSecond(resources);
  for (int i = 0; i < 40; ++i) {
    jobs::RunStart start = MakeStart("job" + std::to_string(i));
    constexpr int kWorkers[] = {1, 2, 4};
    start.shape.workers = kWorkers[i % 3];
    RunOne(start, start.shape.workers == 1 ? 12'000 : 6000);
  }
  EXPECT_GE(forecaster_->BestWorkers(sample), 2);
  EXPECT_LE(forecaster_->BestWorkers(sample), 4);
}

}  // namespace
}  // namespace verbatim::history
