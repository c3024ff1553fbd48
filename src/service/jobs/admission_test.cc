// Jobs that wait for memory, on one thread: what happens while a job runs is done from its window.
#include "jobs/impl/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "jobs/test_server.h"

namespace verbatim::jobs {
namespace {

using store::Job;
using store::JobState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Step = JobCenter::Step;

constexpr uint64_t kMegabyte = 1'000'000;

// Each model takes 200 MB, and each of its 2 workers 30 MB with 4 windows of 5 MB.
class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    options_.memory = [this] { return memory_; };
    memory_.held_bytes = 40 * kMegabyte;
    memory_.safety_factor = 0.5;
  }

  TestServer& server() {
    if (!server_) {
      server_.emplace(folder_.path(), options_);
      server_->script().cost = {200 * kMegabyte, 30 * kMegabyte, 5 * kMegabyte};
      server_->engines().Resize(2, 4);
    }
    return *server_;
  }
  Job Submit(const std::string& model) {
    JobOptions options;
    options.model = model;
    return server().Submit(server().Upload(Speech(1, ++seed_)), options);
  }
  Step Run() { return server().jobs().RunNext(); }
  std::string WhyWaiting(const Job& job) {
    return server().jobs().WhyWaiting(server().Find(job.id));
  }
  // Runs a job; `during` is called in its window, and not in those of jobs run from there.
  void RunAnd(const std::function<void()>& during) {
    bool is_its_own = true;
    server().script().on_window = [&](const std::string&, int64_t, const std::stop_token&) {
      if (std::exchange(is_its_own, false)) during();
    };
    EXPECT_EQ(Run(), Step::kRan);
    EXPECT_FALSE(is_its_own);
    server().script().on_window = nullptr;
  }

  TestFolder folder_;
  JobsOptions options_;
  MemoryNow memory_;
  unsigned seed_ = 0;
  std::optional<TestServer> server_;
};

TEST_F(AdmissionTest, AnotherModelWaitsUntilThereIsMemoryForIt) {
  memory_.available_bytes = 2000 * kMegabyte;
  Submit("base");
  const Job other = Submit("tiny.en");
  const Job third = Submit("tiny.en");
  RunAnd([&] {
    memory_.held_bytes += 300 * kMegabyte + JobBytes(16);  // the first has taken its part
    memory_.available_bytes = 600 * kMegabyte;
    EXPECT_EQ(Run(), Step::kNothing);
    EXPECT_EQ(WhyWaiting(other),
              "It waits for memory: needs about 316 MB, 300 MB can be planned for.");
    EXPECT_EQ(WhyWaiting(third), "1 job is before it in the queue.");
    memory_.available_bytes = 650 * kMegabyte;
    EXPECT_EQ(Run(), Step::kRan);
    EXPECT_EQ(server().Find(other.id).state, JobState::kCompleted);
  });
}

TEST_F(AdmissionTest, AnotherJobOfAModelTakesItsOwn) {
  memory_.available_bytes = 2000 * kMegabyte;
  Submit("base");
  const Job same = Submit("base");
  RunAnd([&] {
    memory_.held_bytes += 300 * kMegabyte + JobBytes(16);
    memory_.available_bytes = 2 * JobBytes(16) - 2;
    EXPECT_EQ(Run(), Step::kNothing);
    memory_.available_bytes = 2 * JobBytes(16);
    EXPECT_EQ(Run(), Step::kRan);
    EXPECT_EQ(server().Find(same.id).state, JobState::kCompleted);
  });
}

TEST_F(AdmissionTest, WhatWasPromisedIsNotPromisedAgain) {
  memory_.available_bytes = 1000 * kMegabyte;
  Submit("base");
  const Job other = Submit("tiny.en");
  RunAnd([&] {  // it was let in for 316 MB, and has taken none of them yet
    EXPECT_EQ(Run(), Step::kNothing);
    EXPECT_THAT(WhyWaiting(other), HasSubstr("316 MB, 184 MB can be planned for"));
  });
  EXPECT_EQ(Run(), Step::kRan) << "nothing else runs";
}

TEST_F(AdmissionTest, AJobOfALoadedModelNeedsItsWorkers) {
  memory_.available_bytes = 2000 * kMegabyte;
  Submit("base");
  EXPECT_EQ(Run(), Step::kRan);
  memory_.held_bytes += 200 * kMegabyte;  // idle, its weights
  memory_.available_bytes = 2 * (100 * kMegabyte + JobBytes(16));
  Submit("base");
  EXPECT_EQ(Run(), Step::kRan);
  EXPECT_EQ(server().engines().Describe("base").workers, 2) << "not cut";
  EXPECT_THAT(server().log().With("nothing else runs"), IsEmpty());
}

TEST_F(AdmissionTest, AloneAJobStartsInTheSmallestShape) {
  memory_.available_bytes = 10 * kMegabyte;
  const Job job = Submit("base");
  RunAnd([&] {
    EXPECT_EQ(server().engines().Describe("base").workers, 1);
    EXPECT_EQ(server().engines().Describe("base").batch, 1);
  });
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompleted);
  EXPECT_THAT(server().log().With("job " + job.id +
                                  " needs about 316 MB, 5 MB can be planned "
                                  "for; nothing else runs, so it starts with one worker"),
              SizeIs(1));
}

TEST_F(AdmissionTest, IdleModelsGoBeforeAJobWaits) {
  memory_.available_bytes = 2000 * kMegabyte;
  Submit("base");
  EXPECT_EQ(Run(), Step::kRan);
  Submit("small");
  const Job other = Submit("tiny.en");
  RunAnd([&] {
    EXPECT_TRUE(server().engines().Describe("base").is_loaded);
    memory_.held_bytes = (40 + 200 + 300) * kMegabyte + JobBytes(16);
    memory_.available_bytes = 500 * kMegabyte;
    EXPECT_EQ(Run(), Step::kNothing);
    EXPECT_FALSE(server().engines().Describe("base").is_loaded);
    EXPECT_TRUE(server().engines().Describe("small").is_loaded) << "at work";
    EXPECT_THAT(WhyWaiting(other), HasSubstr("250 MB can be planned for"));
  });
}

TEST_F(AdmissionTest, WhereNothingMayStartAJobWaitsAMinute) {
  memory_.available_bytes = 2000 * kMegabyte;
  Submit("base");
  const Job job = Submit("base");
  RunAnd([&] {
    memory_.is_closed = true;
    server().clock().Advance(100'000);
    EXPECT_EQ(Run(), Step::kNothing);
    EXPECT_EQ(WhyWaiting(job), "It waits for memory: so little is available that no job starts.");
  });
  EXPECT_EQ(Run(), Step::kNothing);
  server().clock().Advance(59'999);
  EXPECT_EQ(Run(), Step::kNothing);
  server().clock().Advance(1);
  EXPECT_EQ(Run(), Step::kRan);
}

TEST_F(AdmissionTest, WithoutReadingsEveryJobStarts) {
  options_.memory = nullptr;
  Submit("base");
  Submit("tiny.en");
  RunAnd([&] { EXPECT_EQ(Run(), Step::kRan); });
}

TEST_F(AdmissionTest, WindowsAreFittedToWhatThereIs) {
  memory_.available_bytes = 2000 * kMegabyte;
  memory_.window_bytes = 150 * kMegabyte;
  uint64_t memory_free = 0;
  server().script().on_call = [&](const pipeline::FileRequest& request,
                                  const pipeline::TranscribeOptions&) {
    memory_free = request.memory_free;
  };
  Submit("base");
  EXPECT_EQ(Run(), Step::kRan);
  EXPECT_EQ(memory_free, 150 * kMegabyte);
}

TEST_F(AdmissionTest, ThePredictionIsComparedWithThePeak) {
  memory_.available_bytes = 2000 * kMegabyte;
  uint64_t held = 40 * kMegabyte;
  options_.held_bytes = [&held] { return held; };
  EXPECT_FALSE(server().jobs().load().memory_prediction_error);
  Submit("base");
  RunAnd([&] {
    held = 400 * kMegabyte;
    server().jobs().Tick();
    held = 100 * kMegabyte;
    server().jobs().Tick();
  });
  EXPECT_NEAR(server().jobs().load().memory_prediction_error.value_or(0), 44 / 400.0, 1e-3);
  EXPECT_THAT(server().log().With("400 MB at most, 356 MB were predicted (-11 %)"), SizeIs(1));
}

TEST_F(AdmissionTest, LargerFilesTakeMore) {
  EXPECT_GT(JobBytes(500 * kMegabyte), JobBytes(0));
  EXPECT_EQ(JobBytes(UINT64_MAX), JobBytes(100'000 * kMegabyte));
}

}  // namespace
}  // namespace verbatim::jobs
