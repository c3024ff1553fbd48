// Limits that change while jobs wait and run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "jobs/test_server.h"

namespace verbatim::jobs {
namespace {

using namespace std::chrono_literals;
using store::Job;
using ::testing::HasSubstr;

class LimitsTest : public testing::Test {
 protected:
  LimitsTest() : server_(folder_.path()) {}

  // Jobs that wait in their first window until the gate opens.
  std::vector<Job> SubmitHeld(unsigned count) {
    server_.script().on_window = [this](const std::string&, int64_t, const std::stop_token& stop) {
      ++held_;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return let_through_ > 0; });
      --let_through_;
      --held_;
    };
    std::vector<Job> jobs;
    for (unsigned i = 0; i < count; ++i) {
      jobs.push_back(server_.Submit(server_.Upload(Speech(1, i))));
    }
    return jobs;
  }
  void Let(int count) {
    {
      const MutexLock lock(mutex_);
      let_through_ += count;
    }
    changed_.notify_all();
  }
  bool AreHeld(int count) const {
    const auto deadline = std::chrono::steady_clock::now() + 120s;
    while (held_ != count && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
    }
    return held_ == count;
  }
  TestFolder folder_;
  Mutex mutex_;
  ConditionVariable changed_;
  int let_through_ = 0;
  std::atomic<int> held_ = 0;
  TestServer server_;  // last: its threads end first
};

TEST_F(LimitsTest, MoreJobsRunAtOnce) {
  JobLimits limits;
  limits.runners = 1;
  server_.jobs().SetLimits(limits);
  SubmitHeld(6);
  server_.jobs().Start();
  ASSERT_TRUE(AreHeld(1));
  limits.runners = 5;
  server_.jobs().SetLimits(limits);
  EXPECT_TRUE(AreHeld(5));
  Let(6);
}

TEST_F(LimitsTest, FewerJobsRunOnceEnoughHaveEnded) {
  SubmitHeld(8);
  server_.jobs().Start();
  ASSERT_TRUE(AreHeld(4));
  JobLimits limits;
  limits.runners = 2;
  server_.jobs().SetLimits(limits);
  EXPECT_EQ(held_, 4) << "those that run are not stopped";
  Let(2);
  ASSERT_TRUE(AreHeld(2));
  Let(1);
  // The runner of the one that ends takes the next: never more than two.
  for (int i = 0; i < 50; ++i) {
    EXPECT_LE(held_, 2);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(AreHeld(2));
  limits.runners = 4;
  server_.jobs().SetLimits(limits);
  EXPECT_TRUE(AreHeld(4)) << "and back";
  Let(8);
}

TEST_F(LimitsTest, TheQueueTakesMoreOrLess) {
  JobLimits limits;
  limits.queued_max = 1;
  server_.jobs().SetLimits(limits);
  JobRequest request;
  request.upload = server_.Upload(Speech(1));
  ASSERT_TRUE(server_.jobs().Submit(request));
  EXPECT_EQ(server_.jobs().Submit(request).error().code, ErrorCode::kBusy);
  limits.queued_max = 2;
  server_.jobs().SetLimits(limits);
  EXPECT_TRUE(server_.jobs().Submit(request));
}

TEST_F(LimitsTest, TimeoutsCountForJobsThatRun) {
  const Job job = server_.Submit(server_.Upload(Speech(3)));
  server_.script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    server_.clock().Advance(1'000'000);
    JobLimits limits;
    limits.timeout_ms = window == 2 ? 2'999'999 : 5'000'000;
    server_.jobs().SetLimits(limits);
    server_.jobs().Tick();
  };
  server_.jobs().RunNext();
  const Job failed = server_.Find(job.id);
  EXPECT_EQ(failed.error_code, "timeout") << "of the third window";
  EXPECT_THAT(failed.error_message, HasSubstr("within 49 minutes"));
  EXPECT_EQ(failed.windows_done, 2) << "1800 s would have ended it before";
}

TEST_F(LimitsTest, WindowsAreFittedOrNot) {
  std::vector<bool> is_fixed;
  server_.script().on_call = [&](const pipeline::FileRequest& file,
                                 const pipeline::TranscribeOptions&) {
    is_fixed.push_back(file.plan.has_value());
  };
  JobLimits limits;
  for (const bool is_fitted : {true, false, true}) {
    limits.chunk_size_optimization = is_fitted;
    server_.jobs().SetLimits(limits);
    server_.Submit(server_.Upload(Speech(1, static_cast<unsigned>(is_fixed.size()))));
    server_.jobs().RunNext();
  }
  EXPECT_EQ(is_fixed, (std::vector<bool>{false, true, false}));
}

}  // namespace
}  // namespace verbatim::jobs
