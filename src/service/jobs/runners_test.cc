// Jobs with their threads: runners, heartbeat and housekeeping at work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "jobs/test_server.h"

namespace verbatim::jobs {
namespace {

using namespace std::chrono_literals;
using store::Job;
using store::JobState;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class RunnersTest : public testing::Test {
 protected:
  TestServer& server() {
    if (!server_) server_.emplace(folder_.path(), options_);
    return *server_;
  }

  // True as soon as the condition holds; false after two minutes.
  static bool Eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 120s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  // Starts and ends without a word, as soon as so many windows are in work.
  void StartAndCrash(int windows) {
    server().jobs().Start();
    ASSERT_TRUE(Eventually([&] { return waiting_ == windows; }));
    server().Crash();
    ASSERT_TRUE(Eventually([&] { return waiting_ == 0; }));
  }
  bool BecomesState(const std::string& id, JobState state) {
    return Eventually([&] { return server().Find(id).state == state; });
  }

  // Every window waits until its run is stopped or the test opens the gate.
  void CloseGate() {
    server().script().on_window = [this](const std::string&, int64_t, const std::stop_token& stop) {
      ++waiting_;
      std::unique_lock lock(gate_mutex_);
      gate_.wait(lock, stop, [this] { return is_open_.load(); });
      --waiting_;
    };
  }
  void OpenGate() {
    {
      MutexLock lock(gate_mutex_);
      is_open_ = true;
    }
    gate_.notify_all();
  }

  // A file that can be read in order, of whole windows.
  static std::string Wave(size_t windows = 80, unsigned seed = 0) {
    std::string bytes = Speech(windows, seed);
    bytes.replace(0, 12, std::string("RIFF\1\2\3\4WAVE", 12));
    return bytes;
  }

  TestFolder folder_;
  JobsOptions options_;
  Mutex gate_mutex_;
  ConditionVariable gate_;
  std::atomic<bool> is_open_ = false;
  std::atomic<int> waiting_ = 0;
  std::optional<TestServer> server_;  // last: its threads end first
};

TEST_F(RunnersTest, ManyJobsAreAllDoneOnce) {
  server().jobs().Start();
  std::vector<std::string> ids;
  for (unsigned i = 0; i < 20; ++i) {
    ids.push_back(server().Submit(server().Upload(Speech(3, i))).id);
  }
  for (const std::string& id : ids) {
    ASSERT_TRUE(BecomesState(id, JobState::kCompleted));
    EXPECT_THAT(server().log().With("job " + id + " window"), SizeIs(3));
    EXPECT_EQ(server().Find(id).attempt, 1);
  }
  EXPECT_EQ(server().script().calls, 20);
  EXPECT_EQ(server().script().opened, 1) << "they share the engine";
}

TEST_F(RunnersTest, AnUploadThatCompletesWakesARunner) {
  server().jobs().Start();
  server().Upload(Speech(1), "a.wav", R"({"language":"de"})");
  EXPECT_TRUE(Eventually([&] { return !server().log().With("completed").empty(); }));
}

TEST_F(RunnersTest, CancelReachesARunThatIsBusyAndFreesItsRunner) {
  options_.limits.runners = 1;
  CloseGate();
  server().jobs().Start();
  const Job job = server().Submit(server().Upload(Speech(2)));
  ASSERT_TRUE(Eventually([&] { return waiting_ == 1; }));
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(server().jobs().Cancel(job.id));
  EXPECT_TRUE(Eventually([&] { return waiting_ == 0; }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_EQ(server().Find(job.id).state, JobState::kCancelled);
  OpenGate();
  const Job next = server().Submit(server().Upload(Speech(1, 1)));
  EXPECT_TRUE(BecomesState(next.id, JobState::kCompleted));
}

TEST_F(RunnersTest, AShortJobDoesNotWaitBehindALongOne) {
  options_.limits.runners = 2;
  server().script().on_window = [this](const std::string& file, int64_t,
                                       const std::stop_token& stop) {
    if (file != "long.wav") return;
    ++waiting_;
    std::unique_lock lock(gate_mutex_);
    gate_.wait(lock, stop, [this] { return is_open_.load(); });
    --waiting_;
  };
  server().jobs().Start();
  const Job slow = server().Submit(server().Upload(Speech(50, 1), "long.wav"));
  ASSERT_TRUE(Eventually([&] { return waiting_ == 1; }));
  const Job quick = server().Submit(server().Upload(Speech(1, 2), "short.wav"));
  EXPECT_TRUE(BecomesState(quick.id, JobState::kCompleted));
  EXPECT_EQ(server().Find(slow.id).state, JobState::kRunning);
  OpenGate();
  EXPECT_TRUE(BecomesState(slow.id, JobState::kCompleted));
}

TEST_F(RunnersTest, AJobThatOnlyRanBesideTheCulpritIsNotGivenUp) {
  options_.limits.runners = 2;
  CloseGate();
  const Job culprit = server().Submit(server().Upload(Speech(2)));
  const Job other = server().Submit(server().Upload(Speech(2, 1)));
  for (int crash = 1; crash <= 2; ++crash) StartAndCrash(2);
  EXPECT_EQ(server().Find(other.id).crashes, 2);
  server().jobs().Start();
  ASSERT_TRUE(Eventually([&] { return waiting_ == 1; }));
  EXPECT_EQ(server().Find(culprit.id).state, JobState::kRunning);
  EXPECT_THAT(server().jobs().WhyWaiting(server().Find(other.id)), HasSubstr("runs alone"));
  EXPECT_EQ(waiting_, 1);
  server().Crash();
  EXPECT_EQ(server().Find(culprit.id).error_code, "poison");
  EXPECT_EQ(server().Find(other.id).state, JobState::kQueued);
  OpenGate();
  server().jobs().Start();
  EXPECT_TRUE(BecomesState(other.id, JobState::kCompleted));
}

TEST_F(RunnersTest, ASuspectThatGetsOnIsNoLongerAlone) {
  options_.limits.runners = 2;
  CloseGate();
  const std::string began = server().Begin(Wave().size() + 1, "early.wav");
  server().Append(began, Wave());
  const Job early = server().Submit(began, {}, 1);
  const Job suspect = server().Submit(server().Upload(Speech(3)));
  for (int crash = 1; crash <= 2; ++crash) StartAndCrash(2);
  const auto wait = server().script().on_window;
  server().script().on_window = [&](const std::string& file, int64_t window,
                                    const std::stop_token& stop) {
    if (window > 0) wait(file, window, stop);
  };
  server().jobs().Start();
  ASSERT_TRUE(Eventually([&] { return waiting_ == 1; }));
  EXPECT_EQ(server().Find(suspect.id).state, JobState::kRunning);
  EXPECT_EQ(server().Find(suspect.id).crashes, 0);
  EXPECT_EQ(server().Find(early.id).state, JobState::kQueued) << "it needs all of its file now";
  const Job third = server().Submit(server().Upload(Speech(2, 2)));
  EXPECT_TRUE(Eventually([&] { return waiting_ == 2; }));
  EXPECT_EQ(server().Find(third.id).state, JobState::kRunning);
}

TEST_F(RunnersTest, StopGivesLeasesBackAndTheNextServerGoesOn) {
  options_.limits.runners = 2;
  CloseGate();
  server().jobs().Start();
  const Job first = server().Submit(server().Upload(Speech(3, 1)));
  const Job second = server().Submit(server().Upload(Speech(3, 2)));
  const Job third = server().Submit(server().Upload(Speech(3, 3)));
  ASSERT_TRUE(Eventually([&] { return waiting_ == 2; }));
  server().jobs().Stop(20s);
  JobRequest request;
  request.upload = third.upload;
  EXPECT_EQ(server().jobs().Submit(request).error().code, ErrorCode::kBusy);
  EXPECT_THAT(server().jobs().WhyWaiting(server().Find(third.id)), HasSubstr("stopping"));
  for (const Job& job : {first, second, third}) {
    const Job found = server().Find(job.id);
    EXPECT_EQ(found.state, JobState::kQueued);
    EXPECT_EQ(found.owner, "");
    EXPECT_EQ(found.crashes, 0);
  }
  server().Crash();
  EXPECT_EQ(server().Find(first.id).crashes, 0) << "nothing was left running";
  OpenGate();
  server().jobs().Start();
  for (const Job& job : {first, second, third}) {
    EXPECT_TRUE(BecomesState(job.id, JobState::kCompleted));
  }
}

TEST_F(RunnersTest, StopDoesNotWaitForARunThatDoesNotHear) {
  options_.limits.runners = 1;
  server().script().on_window = [this](const std::string&, int64_t, const std::stop_token&) {
    ++waiting_;
    std::unique_lock lock(gate_mutex_);
    gate_.wait(lock, [this] { return is_open_.load(); });
  };
  server().jobs().Start();
  const Job job = server().Submit(server().Upload(Speech(1)));
  ASSERT_TRUE(Eventually([&] { return waiting_ == 1; }));
  server().jobs().Stop(20ms);
  EXPECT_EQ(server().Find(job.id).state, JobState::kQueued);
  OpenGate();
  server().Crash();  // waits for the thread
  EXPECT_EQ(server().Find(job.id).state, JobState::kQueued) << "its last words were refused";
  EXPECT_EQ(server().TranscriptJson(job.id), "");
}

TEST_F(RunnersTest, TextAppearsBeforeTheLastByteArrives) {
  const std::string bytes = Wave();
  server().jobs().Start();
  const std::string upload = server().Begin(bytes.size(), "live.wav");
  const Job job = server().Submit(upload);
  server().Append(upload, bytes.substr(0, 1100));
  EXPECT_TRUE(Eventually([&] { return server().Windows(job.id).size() == 68; }));
  EXPECT_EQ(server().Find(job.id).state, JobState::kRunning);
  server().Append(upload, bytes.substr(1100));
  ASSERT_TRUE(BecomesState(job.id, JobState::kCompleted));
  EXPECT_EQ(server().uploads().Find(upload)->expires_ms, 0);
  JobOptions fresh;
  fresh.is_reusing = false;
  const Job whole = server().Submit(server().Upload(bytes, "live.wav"), fresh);
  ASSERT_TRUE(BecomesState(whole.id, JobState::kCompleted));
  EXPECT_EQ(server().Text(job.id), server().Text(whole.id));
}

TEST_F(RunnersTest, WhatNeedsItsEndWaitsForIt) {
  const std::string bytes = Speech(80);
  server().jobs().Start();
  const std::string upload = server().Begin(bytes.size());
  const Job job = server().Submit(upload);
  server().Append(upload, bytes.substr(0, 1200));
  const Job other = server().Submit(server().Upload(Speech(1, 5)), {}, -5);
  ASSERT_TRUE(BecomesState(other.id, JobState::kCompleted)) << "it is passed by";
  EXPECT_EQ(server().Find(job.id).state, JobState::kQueued);
  server().Append(upload, bytes.substr(1200));
  EXPECT_TRUE(BecomesState(job.id, JobState::kCompleted));
}

TEST_F(RunnersTest, SlowUploadsLeaveARunnerFree) {
  options_.limits.runners = 2;
  server().jobs().Start();
  std::vector<std::string> uploads;
  std::vector<std::string> ids;
  for (unsigned i = 0; i < 3; ++i) {
    const std::string bytes = Wave(80, i);
    uploads.push_back(server().Begin(bytes.size()));
    server().Append(uploads.back(), bytes.substr(0, 1100));
    ids.push_back(server().Submit(uploads.back(), {}, 10).id);
  }
  for (unsigned i = 10; i < 13; ++i) {
    const Job quick = server().Submit(server().Upload(Speech(1, i)));
    ASSERT_TRUE(BecomesState(quick.id, JobState::kCompleted));
  }
  EXPECT_EQ(server().Find(ids[0]).state, JobState::kRunning);
  EXPECT_EQ(server().Find(ids[1]).state, JobState::kQueued);
  EXPECT_EQ(server().Find(ids[2]).state, JobState::kQueued);
  for (unsigned i = 0; i < 3; ++i) server().Append(uploads[i], Wave(80, i).substr(1100));
  for (const std::string& id : ids) EXPECT_TRUE(BecomesState(id, JobState::kCompleted));
}

TEST_F(RunnersTest, AnUploadThatStandsStillGivesItsRunnerBack) {
  const std::string bytes = Wave();
  server().jobs().Start();
  const std::string upload = server().Begin(bytes.size());
  server().Append(upload, bytes.substr(0, 1100));
  const Job job = server().Submit(upload);
  ASSERT_TRUE(Eventually([&] { return server().Windows(job.id).size() == 68; }));
  // The clock runs in steps, so that the tick that sees the last byte comes before the last step.
  ASSERT_TRUE(Eventually([&] {
    server().clock().Advance(1000);
    return server().Find(job.id).state == JobState::kQueued;
  }));
  EXPECT_THAT(server().log().With("waits for the whole of its file"), SizeIs(1));
  server().Append(upload, bytes.substr(1100, 100));
  server().Append(upload, bytes.substr(1200));
  ASSERT_TRUE(BecomesState(job.id, JobState::kCompleted));
  EXPECT_EQ(server().Find(job.id).attempt, 2);
  EXPECT_THAT(server().log().With("job " + job.id + " window"), SizeIs(80)) << "each once";
}

TEST_F(RunnersTest, TheTimeOfASlowUploadIsNotTheRuns) {
  const std::string bytes = Wave();
  server().jobs().Start();
  const std::string upload = server().Begin(bytes.size());
  server().Append(upload, bytes.substr(0, 1100));
  const Job job = server().Submit(upload);
  ASSERT_TRUE(Eventually([&] { return server().Windows(job.id).size() == 68; }));
  for (size_t at = 1100; at + 1 < bytes.size(); ++at) {  // a byte in 30 s: 90 minutes in all
    server().Append(upload, bytes.substr(at, 1));
    server().jobs().Tick();
    server().clock().Advance(30'000);
  }
  server().Append(upload, bytes.substr(bytes.size() - 1));
  EXPECT_TRUE(BecomesState(job.id, JobState::kCompleted));
}

TEST_F(RunnersTest, AFailureBeforeTheFileIsWholeIsNotTheLastWord) {
  std::atomic<int> opened = 0;
  server().script().on_open = [&](const std::string&) -> Result<void> {
    if (opened++ == 0) return Fail(ErrorCode::kCorruptMedia, "not what its head promised");
    return {};
  };
  const std::string bytes = Wave();
  server().jobs().Start();
  const std::string upload = server().Begin(bytes.size());
  server().Append(upload, bytes.substr(0, 1100));
  const Job job = server().Submit(upload);
  ASSERT_TRUE(Eventually([&] { return !server().log().With("starts anew").empty(); }));
  ASSERT_TRUE(BecomesState(job.id, JobState::kQueued));
  server().Append(upload, bytes.substr(1100));
  EXPECT_TRUE(BecomesState(job.id, JobState::kCompleted));
}

TEST_F(RunnersTest, AStoreThatFailsForAMomentCostsNothingButTime) {
  options_.limits.runners = 1;
  std::atomic<bool> is_failing = true;
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    if (window == 1 && is_failing.exchange(false)) server().database().FailAfter(0);
  };
  server().jobs().Start();
  const Job job = server().Submit(server().Upload(Speech(3)));
  ASSERT_TRUE(BecomesState(job.id, JobState::kCompleted));
  EXPECT_EQ(server().Find(job.id).attempt, 2);
  EXPECT_THAT(server().log().With("job " + job.id + " window"), SizeIs(3));
}

TEST_F(RunnersTest, RequestsOfManyClientsAndRunnersMix) {
  server().jobs().Start();
  const std::string upload = server().Upload(Speech(5));
  std::vector<std::jthread> clients;
  for (unsigned client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      for (unsigned i = 0; i < 6; ++i) {
        JobRequest request;
        request.upload = upload;
        request.options.is_reusing = false;
        const Job job = server().jobs().Submit(request)->job;
        static_cast<void>(server().jobs().WhyWaiting(job));
        static_cast<void>(server().jobs().PaceOf(job.id));
        if ((client + i) % 3 == 0) {
          if (!server().jobs().Cancel(job.id)) continue;
          static_cast<void>(server().jobs().Retry(job.id));
        }
        static_cast<void>(server().jobs().load());
      }
    });
  }
  clients.clear();
  EXPECT_TRUE(Eventually(
      [&] { return server().Count(JobState::kQueued) + server().Count(JobState::kRunning) == 0; }));
  const auto jobs = server().database().Read([](store::Connection& connection) {
    return store::ListJobs(connection, {.state = {}, .text = "", .before = "", .count = 100});
  });
  ASSERT_THAT(*jobs, SizeIs(24));
  for (const Job& job : *jobs) {
    EXPECT_EQ(job.state, JobState::kCompleted);
    EXPECT_THAT(server().log().With("job " + job.id + " window"), SizeIs(5));
  }
}

}  // namespace
}  // namespace verbatim::jobs
