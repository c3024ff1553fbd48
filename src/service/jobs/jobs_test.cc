// Jobs step by step, on one thread: what clients may ask, what becomes of it, what is told.
#include "jobs/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "jobs/test_server.h"

namespace verbatim::jobs {
namespace {

using store::Job;
using store::JobState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Step = JobCenter::Step;

class JobsTest : public testing::Test {
 protected:
  TestServer& server() {
    if (!server_) server_.emplace(folder_.path(), options_);
    return *server_;
  }

  // Runs all jobs that may start; returns how many did.
  int RunAll() {
    int count = 0;
    while (server().jobs().RunNext() == Step::kRan) ++count;
    return count;
  }

  static std::vector<std::string> TypesOf(const std::vector<store::Event>& events) {
    std::vector<std::string> types;
    for (const store::Event& event : events) {
      std::string type = event.type;
      if (type == "job") {
        type = boost::json::parse(event.data).as_object().at("state").as_string().c_str();
      }
      types.push_back(std::move(type));
    }
    return types;
  }

  template <typename T>
  static ErrorCode CodeOf(const Result<T>& result) {
    EXPECT_FALSE(result);
    return result ? ErrorCode::kInternal : result.error().code;
  }

  Result<Submitted> SubmitWithKey(const std::string& upload, const std::string& key,
                                  const std::string& language = "auto") {
    JobRequest request;
    request.upload = upload;
    request.idempotency_key = key;
    request.options.language = language;
    return server().jobs().Submit(request);
  }

  TestFolder folder_;
  JobsOptions options_;
  std::optional<TestServer> server_;
};

TEST_F(JobsTest, AJobGoesFromQueuedToCompleted) {
  const std::string upload = server().Upload(Speech(3));
  const Job queued = server().Submit(upload);
  EXPECT_EQ(queued.state, JobState::kQueued);
  server().clock().Advance(2000);
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    const Job job = server().Find(queued.id);
    EXPECT_EQ(job.state, JobState::kRunning);
    EXPECT_EQ(job.windows_done, window);
    EXPECT_EQ(job.attempt, 1);
    server().clock().Advance(1000);
  };
  EXPECT_EQ(server().jobs().RunNext(), Step::kRan);
  const Job done = server().Find(queued.id);
  EXPECT_EQ(done.state, JobState::kCompleted);
  EXPECT_EQ(done.started_ms, queued.created_ms + 2000);
  EXPECT_EQ(done.finished_ms, done.started_ms + 3000);
  EXPECT_EQ(done.duration_ms, 30'000);
  EXPECT_EQ(done.position_ms, 30'000);
  EXPECT_EQ(done.share, 1);
  EXPECT_EQ(done.language, "en");
  EXPECT_EQ(done.owner, "");
  EXPECT_THAT(server().Windows(done.id), IsEmpty()) << "the transcript has it all";
  EXPECT_THAT(server().Text(done.id), HasSubstr("w0 s0"));
  EXPECT_THAT(server().TranscriptJson(done.id), HasSubstr("talk.wav"));
  EXPECT_EQ(server().jobs().RunNext(), Step::kNothing);
}

TEST_F(JobsTest, EventsTellAllInOrder) {
  const Job job = server().Submit(server().Upload(Speech(3)));
  server().script().on_window = [&](const std::string&, int64_t, const std::stop_token&) {
    server().clock().Advance(600);
  };
  RunAll();
  EXPECT_THAT(TypesOf(server().Events(job.id)),
              ElementsAre("queued", "running", "segment", "progress", "segment", "progress",
                          "segment", "progress", "completed"));
  const std::string segment = server().Events(job.id)[4].data;
  EXPECT_THAT(segment, HasSubstr("\"index\":1,\"start\":1E1,\"end\":2E1,\"text\":\" w1 s0"));
  EXPECT_THAT(segment, Not(HasSubstr("words")));
  const std::string progress = server().Events(job.id)[5].data;
  EXPECT_THAT(progress, HasSubstr("\"share\":6.67E-1,\"position_s\":2E1"));
}

TEST_F(JobsTest, ProgressIsToldAtMostTwiceASecond) {
  const Job job = server().Submit(server().Upload(Speech(40)));
  server().script().on_window = [&](const std::string&, int64_t, const std::stop_token&) {
    server().clock().Advance(100);
  };
  RunAll();
  int progress = 0;
  for (const std::string& type : TypesOf(server().Events(job.id))) {
    progress += type == "progress" ? 1 : 0;
  }
  EXPECT_EQ(progress, 8) << "in 4 s";
}

TEST_F(JobsTest, SegmentsAreToldInOrderThoughWindowsAreNot) {
  server().script().is_backwards = true;
  JobOptions options;
  options.has_word_timestamps = true;
  const Job job = server().Submit(server().Upload(Speech(3)), options);
  RunAll();
  std::vector<std::string> segments;
  for (const store::Event& event : server().Events(job.id)) {
    if (event.type == "segment") segments.push_back(event.data);
  }
  ASSERT_THAT(segments, SizeIs(3));
  EXPECT_THAT(segments[0], HasSubstr("\"index\":0"));
  EXPECT_THAT(segments[0], HasSubstr("w0 s0"));
  EXPECT_THAT(segments[0], HasSubstr("\"words\":[{\"word\":\" w0 s0"));
  EXPECT_THAT(segments[2], HasSubstr("w2 s0"));
}

TEST_F(JobsTest, ASpanInDoubtMakesItCompletedWithGaps) {
  const Job job = server().Submit(server().Upload("GAP here is odd."));
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompletedWithGaps);
  EXPECT_NE(server().TranscriptJson(job.id), "");
}

TEST_F(JobsTest, AFileThatCantBeReadFailsWithItsReason) {
  const Job job = server().Submit(server().Upload("FAIL 1234567890 "));
  RunAll();
  const Job failed = server().Find(job.id);
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_EQ(failed.error_code, "unsupported_media");
  EXPECT_EQ(failed.error_message, "nothing here that can be transcribed");
  EXPECT_GT(failed.finished_ms, 0);
}

TEST_F(JobsTest, AnInternalErrorKeepsItsDetailsForTheLog) {
  server().script().on_open = [](const std::string&) -> Result<void> {
    return Fail(ErrorCode::kInternal, "secret /var/lib/x");
  };
  const Job job = server().Submit(server().Upload(Speech(1)));
  RunAll();
  EXPECT_EQ(server().Find(job.id).error_code, "internal");
  EXPECT_THAT(server().Find(job.id).error_message, Not(HasSubstr("secret")));
  EXPECT_THAT(server().log().With("secret"), Not(IsEmpty()));
}

TEST_F(JobsTest, PriorityThenAgeDecidesWhoIsNext) {
  std::vector<std::string> order;
  server().script().on_call = [&](const pipeline::FileRequest& file,
                                  const pipeline::TranscribeOptions& options) {
    order.push_back(file.path.string() + " " + std::to_string(options.priority));
  };
  server().Submit(server().Upload(Speech(1, 1), "a"));
  server().Submit(server().Upload(Speech(1, 2), "b"), {}, 5);
  server().Submit(server().Upload(Speech(1, 3), "c"), {}, -1);
  const Job d = server().Submit(server().Upload(Speech(1, 4), "d"));
  server().Submit(server().Upload(Speech(1, 5), "e"), {}, 5);
  ASSERT_TRUE(server().jobs().Change(d.id, {.priority = 9}));
  EXPECT_EQ(RunAll(), 5);
  EXPECT_THAT(order, ElementsAre("d 9", "b 5", "e 5", "a 0", "c -1"));
}

TEST_F(JobsTest, SubmitRefusesWhatIsWrong) {
  const std::string upload = server().Upload(Speech(1));
  JobRequest request;
  request.upload = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(CodeOf(server().jobs().Submit(request)), ErrorCode::kNotFound);
  request.upload = upload;
  request.priority = 11;
  EXPECT_EQ(CodeOf(server().jobs().Submit(request)), ErrorCode::kInvalidArgument);
  request.priority = 0;
  request.options.model = "nonesuch";
  EXPECT_EQ(CodeOf(server().jobs().Submit(request)), ErrorCode::kInvalidArgument);
  for (const char* folder : {"/etc", "../x", ".hidden", "a/b", "a b"}) {
    request.options.model = folder;
    EXPECT_EQ(CodeOf(server().jobs().Submit(request)), ErrorCode::kInvalidArgument) << folder;
  }
  request.options.model = "";
  request.options.beam_size = 0;
  EXPECT_THAT(server().jobs().Submit(request).error().message,
              HasSubstr("beam_size is 0; it must be"));
  request.options.beam_size = 1;
  request.idempotency_key = std::string(256, 'k');
  EXPECT_EQ(CodeOf(server().jobs().Submit(request)), ErrorCode::kInvalidArgument);
  request.idempotency_key = "";
  EXPECT_TRUE(server().jobs().Submit(request));
}

TEST_F(JobsTest, AnEnglishModelIsAskedForEnglishOnly) {
  JobRequest request;
  request.upload = server().Upload(Speech(1));
  request.options.model = "tiny.en";
  request.options.language = "de";
  EXPECT_EQ(server().jobs().Submit(request).error().message,
            "language: model tiny.en knows English only, not de; choose a model without .en");
  request.options.language = "en";
  request.options.task = pipeline::Task::kTranslate;
  EXPECT_EQ(CodeOf(server().jobs().Submit(request)), ErrorCode::kInvalidArgument);
  request.options.task = pipeline::Task::kTranscribe;
  EXPECT_TRUE(server().jobs().Submit(request));
}

TEST_F(JobsTest, AWholeFileIsFoundBehindManyThatAreStillToCome) {
  for (int i = 0; i < 100; ++i) {
    const std::string upload = server().Begin(32);
    server().Submit(upload, {}, 1);
    server().Submit(upload, {}, 1);
  }
  const Job whole = server().Submit(server().Upload(Speech(1)));
  EXPECT_EQ(RunAll(), 1);
  EXPECT_EQ(server().Find(whole.id).state, JobState::kCompleted);
}

TEST_F(JobsTest, AFullQueueRefusesAndTakesAgain) {
  options_.limits.queued_max = 2;
  const std::string upload = server().Upload(Speech(1));
  server().Submit(upload);
  const Job second = server().Submit(upload);
  JobRequest request;
  request.upload = upload;
  EXPECT_EQ(CodeOf(server().jobs().Submit(request)), ErrorCode::kBusy);
  ASSERT_TRUE(server().jobs().Cancel(second.id));
  EXPECT_TRUE(server().jobs().Submit(request));
}

TEST_F(JobsTest, TheSameKeyGivesTheSameJob) {
  const std::string upload = server().Upload(Speech(1));
  const Result<Submitted> first = SubmitWithKey(upload, "k");
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->is_repeat);
  const Result<Submitted> again = SubmitWithKey(upload, "k");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_repeat);
  EXPECT_EQ(again->job.id, first->job.id);
  // The same bytes sent once more are the same request, other options are not.
  const Result<Submitted> resent = SubmitWithKey(server().Upload(Speech(1)), "k");
  ASSERT_TRUE(resent);
  EXPECT_EQ(resent->job.id, first->job.id);
  EXPECT_EQ(CodeOf(SubmitWithKey(upload, "k", "de")), ErrorCode::kConflict);
  EXPECT_EQ(CodeOf(SubmitWithKey(server().Upload(Speech(2)), "k")), ErrorCode::kConflict);
  EXPECT_NE(SubmitWithKey(upload, "other")->job.id, first->job.id);
  RunAll();
  EXPECT_EQ(SubmitWithKey(upload, "k")->job.state, JobState::kCompleted);
}

TEST_F(JobsTest, ARepeatIsAnsweredThoughTheQueueIsFull) {
  options_.limits.queued_max = 1;
  const std::string upload = server().Upload(Speech(1));
  const Result<Submitted> first = SubmitWithKey(upload, "k");
  EXPECT_EQ(SubmitWithKey(upload, "k")->job.id, first->job.id);
}

TEST_F(JobsTest, TheSameContentTakesTheStoredTranscript) {
  const Job first = server().Submit(server().Upload(Speech(2), "first.wav"));
  RunAll();
  JobOptions narrow;
  narrow.cues.line_length_max = 20;
  const Job second = server().Submit(server().Upload(Speech(2), "second.wav"), narrow);
  EXPECT_EQ(second.state, JobState::kCompleted);
  EXPECT_EQ(second.reused_from, first.id);
  EXPECT_EQ(second.duration_ms, 20'000);
  EXPECT_EQ(server().script().calls, 1);
  EXPECT_EQ(server().Text(second.id), server().Text(first.id));
  EXPECT_THAT(server().TranscriptJson(second.id), HasSubstr("second.wav"));
  EXPECT_EQ(transcript::ReadJsonCueOptions(server().TranscriptJson(second.id))->line_length_max,
            20);
  EXPECT_THAT(TypesOf(server().Events(second.id)), ElementsAre("completed"));
}

TEST_F(JobsTest, NothingIsReusedForOtherOptionsOrOnRequest) {
  server().Submit(server().Upload(Speech(2)));
  RunAll();
  JobOptions german;
  german.language = "de";
  EXPECT_EQ(server().Submit(server().Upload(Speech(2)), german).state, JobState::kQueued);
  JobOptions fresh;
  fresh.is_reusing = false;
  EXPECT_EQ(server().Submit(server().Upload(Speech(2)), fresh).state, JobState::kQueued);
  EXPECT_EQ(server().Submit(server().Upload(Speech(2, 7))).state, JobState::kQueued);
}

TEST_F(JobsTest, TwoEqualJobsAtOnceAreComputedOnce) {
  const Job first = server().Submit(server().Upload(Speech(2)));
  const Job second = server().Submit(server().Upload(Speech(2)));
  EXPECT_EQ(second.state, JobState::kQueued);
  EXPECT_EQ(RunAll(), 2);
  EXPECT_EQ(server().script().calls, 1);
  EXPECT_EQ(server().Find(second.id).reused_from, first.id);
  EXPECT_EQ(server().Find(second.id).state, JobState::kCompleted);
}

TEST_F(JobsTest, AnUploadMakesTheJobItCarries) {
  server().Upload(Speech(1), "a.wav", R"({"priority": 3, "language": "de"})");
  EXPECT_EQ(RunAll(), 1);
  const auto jobs = server().database().Read(
      [](store::Connection& connection) { return store::ListJobs(connection, {}); });
  ASSERT_THAT(*jobs, SizeIs(1));
  EXPECT_EQ(jobs->front().priority, 3);
  EXPECT_EQ(jobs->front().language, "de");
  EXPECT_THAT(jobs->front().options, HasSubstr(R"("model":"base","language":"de")"));
  EXPECT_EQ(server().uploads().Find(jobs->front().upload)->expires_ms, 0) << "a job has it";
  EXPECT_THAT(server().metrics().Exposition(),
              HasSubstr("verbatim_uploads_completed_bytes_total 16\n"));
}

TEST_F(JobsTest, CancelEndsAQueuedJobAtOnce) {
  const Job job = server().Submit(server().Upload(Speech(1)));
  const Result<Job> cancelled = server().jobs().Cancel(job.id);
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->state, JobState::kCancelled);
  EXPECT_EQ(RunAll(), 0);
  EXPECT_EQ(CodeOf(server().jobs().Cancel(job.id)), ErrorCode::kConflict);
  EXPECT_EQ(CodeOf(server().jobs().Cancel("nonesuch")), ErrorCode::kNotFound);
  EXPECT_THAT(TypesOf(server().Events(job.id)), ElementsAre("queued", "cancelled"));
}

TEST_F(JobsTest, CancelStopsARunningJobAndRetryGoesOnWhereItWas) {
  const Job job = server().Submit(server().Upload(Speech(4)));
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    if (window != 2) return;
    ASSERT_TRUE(server().jobs().Cancel(job.id));
  };
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kCancelled);
  EXPECT_THAT(server().Windows(job.id), SizeIs(2));
  server().script().on_window = nullptr;
  ASSERT_TRUE(server().jobs().Retry(job.id));
  EXPECT_EQ(server().Find(job.id).finished_ms, 0);
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompleted);
  for (int window = 0; window < 4; ++window) {
    const std::string line = fmt::format("job {} window {} computed", job.id, window);
    EXPECT_THAT(server().log().With(line), SizeIs(1));
  }
  // After "cancelled" nothing of the first attempt is told.
  EXPECT_THAT(TypesOf(server().Events(job.id)),
              ElementsAre("queued", "running", "segment", "progress", "segment", "cancelled",
                          "queued", "running", "segment", "progress", "segment", "completed"));
}

TEST_F(JobsTest, CancelComesTooLateForACompletedJob) {
  const Job job = server().Submit(server().Upload(Speech(1)));
  RunAll();
  EXPECT_EQ(CodeOf(server().jobs().Cancel(job.id)), ErrorCode::kConflict);
  EXPECT_EQ(CodeOf(server().jobs().Retry(job.id)), ErrorCode::kConflict);
  EXPECT_EQ(CodeOf(server().jobs().Change(job.id, {.priority = 1})), ErrorCode::kConflict);
}

TEST_F(JobsTest, RetryIsForJobsThatFailedOrWereCancelled) {
  const Job job = server().Submit(server().Upload("FAIL 1234567890 "));
  EXPECT_EQ(CodeOf(server().jobs().Retry(job.id)), ErrorCode::kConflict);
  RunAll();
  const Result<Job> again = server().jobs().Retry(job.id);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->error_code, "");
  EXPECT_EQ(RunAll(), 1);
  EXPECT_EQ(server().Find(job.id).attempt, 2);
  EXPECT_EQ(CodeOf(server().jobs().Retry("nonesuch")), ErrorCode::kNotFound);
}

TEST_F(JobsTest, DeleteTakesTheUploadUnlessAnotherJobHasIt) {
  const std::string upload = server().Upload(Speech(1));
  const Job first = server().Submit(upload);
  EXPECT_EQ(CodeOf(server().jobs().Delete(first.id)), ErrorCode::kConflict) << "it is queued";
  RunAll();
  const Job second = server().Submit(upload);
  ASSERT_TRUE(server().jobs().Delete(first.id));
  EXPECT_FALSE(server().Exists(first.id));
  EXPECT_TRUE(server().uploads().Find(upload));
  EXPECT_EQ(server().uploads().Find(upload)->expires_ms, 0);
  ASSERT_TRUE(server().jobs().Delete(second.id));
  EXPECT_EQ(CodeOf(server().uploads().Find(upload)), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(server().jobs().Delete(second.id)), ErrorCode::kNotFound);
  EXPECT_EQ(server().Events(first.id).back().type, "job_deleted");
}

TEST_F(JobsTest, ATimeoutFailsTheRunAndKeepsItsWindows) {
  const Job job = server().Submit(server().Upload(Speech(4)));
  server().clock().Advance(10'000'000);  // waiting does not count
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    server().clock().Advance(window == 2 ? 1'799'999 : 0);
    server().jobs().Tick();
    if (window == 3) {
      server().clock().Advance(1);
      server().jobs().Tick();
    }
  };
  RunAll();
  const Job failed = server().Find(job.id);
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_EQ(failed.error_code, "timeout");
  EXPECT_THAT(failed.error_message, HasSubstr("within 30 minutes"));
  EXPECT_THAT(server().Windows(job.id), SizeIs(3));
}

TEST_F(JobsTest, ALargeFileHasTheLongerTime) {
  options_.large_file_bytes = 16;
  const Job job = server().Submit(server().Upload(Speech(2)));
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    server().clock().Advance(window == 0 ? 1'800'000 : 1'800'001);
    server().jobs().Tick();
  };
  RunAll();
  EXPECT_EQ(server().Find(job.id).error_code, "timeout");
  EXPECT_THAT(server().Find(job.id).error_message, HasSubstr("within 60 minutes"));
  EXPECT_THAT(server().Windows(job.id), SizeIs(1));
}

// A run is in the roster a moment before it is in the ledger: the heartbeat may come in between.
TEST_F(JobsTest, AnAttemptThatIsAboutToBeClaimedIsNotLost) {
  const Job job = server().Submit(server().Upload(Speech(1)));
  Ledger ledger(server().database(), server().clock(), "this server", options_.lease_ms);
  const Ledger::Attempt attempt{job.id, 1};
  EXPECT_EQ(ledger.Renew({attempt})->size(), 0U);
  ASSERT_TRUE(ledger.Claim(attempt));
  EXPECT_EQ(ledger.Renew({attempt})->size(), 0U);
  ASSERT_TRUE(ledger.Return(attempt));
  EXPECT_EQ(ledger.Renew({attempt})->size(), 1U);
}

TEST_F(JobsTest, AHeartbeatKeepsTheLease) {
  const Job job = server().Submit(server().Upload(Speech(10)));
  server().script().on_window = [&](const std::string&, int64_t, const std::stop_token&) {
    server().clock().Advance(options_.heartbeat_ms);
    server().jobs().Tick();
    EXPECT_EQ(server().Find(job.id).lease_until_ms,
              server().clock().SteadyMs() + options_.lease_ms);
  };
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompleted);
}

// What another owner would do: take the job over under a higher attempt.
TEST_F(JobsTest, WhoHasLostItsJobCanWriteNothingMore) {
  const Job job = server().Submit(server().Upload(Speech(4)));
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    if (window != 2) return;
    Job taken = server().Find(job.id);
    taken.attempt += 1;
    taken.owner = "another";
    taken.lease_until_ms = server().clock().SteadyMs() + 1'000'000;
    ASSERT_TRUE(server().database().Write(
        [&](store::Connection& connection) { return store::UpdateJob(connection, taken); }));
  };
  RunAll();
  const Job taken = server().Find(job.id);
  EXPECT_EQ(taken.state, JobState::kRunning);
  EXPECT_EQ(taken.owner, "another");
  EXPECT_EQ(taken.windows_done, 2);
  EXPECT_THAT(server().Windows(job.id), SizeIs(2));
  EXPECT_EQ(server().TranscriptJson(job.id), "");
}

TEST_F(JobsTest, TheHeartbeatStopsARunThatHasLostItsJob) {
  const Job job = server().Submit(server().Upload(Speech(2)));
  bool was_stopped = false;
  server().script().on_window = [&](const std::string&, int64_t, const std::stop_token& stop) {
    Job taken = server().Find(job.id);
    taken.attempt += 1;
    taken.lease_until_ms = INT64_MAX;
    taken.owner = "another";
    ASSERT_TRUE(server().database().Write(
        [&](store::Connection& connection) { return store::UpdateJob(connection, taken); }));
    server().clock().Advance(options_.heartbeat_ms);
    server().jobs().Tick();
    was_stopped = stop.stop_requested();
  };
  RunAll();
  EXPECT_TRUE(was_stopped);
}

TEST_F(JobsTest, AJobThatNobodyHasGoesBackToTheQueue) {
  const Job job = server().Submit(server().Upload(Speech(2)));
  Job stray = server().Find(job.id);
  stray.state = JobState::kRunning;
  stray.attempt = 1;
  stray.owner = "another";
  stray.lease_until_ms = server().clock().SteadyMs() + 30'000;
  ASSERT_TRUE(server().database().Write(
      [&](store::Connection& connection) { return store::UpdateJob(connection, stray); }));
  server().jobs().Tick();
  EXPECT_EQ(server().Find(job.id).state, JobState::kRunning) << "its lease holds";
  server().clock().Advance(30'000);
  server().jobs().Tick();
  EXPECT_EQ(server().Find(job.id).state, JobState::kQueued);
  EXPECT_EQ(RunAll(), 1);
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompleted);
}

TEST_F(JobsTest, ACrashResumesInTheMiddleOfTheFile) {
  const Job job = server().Submit(server().Upload(Speech(5)));
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    if (window == 3) server().jobs().Abandon();
  };
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kRunning);
  server().Crash();
  const Job back = server().Find(job.id);
  EXPECT_EQ(back.state, JobState::kQueued);
  EXPECT_EQ(back.crashes, 1);
  EXPECT_EQ(back.windows_done, 3);
  server().script().on_window = nullptr;
  server().script().on_call = [](const pipeline::FileRequest& file,
                                 const pipeline::TranscribeOptions&) {
    EXPECT_TRUE(file.plan);
    EXPECT_THAT(file.finished, SizeIs(3));
  };
  RunAll();
  const Job done = server().Find(job.id);
  EXPECT_EQ(done.state, JobState::kCompleted);
  EXPECT_EQ(done.crashes, 0) << "it got on";
  EXPECT_EQ(done.windows_done, 5);
  EXPECT_EQ(server().script().computed.size(), 5U);
  for (const auto& [window, count] : server().script().computed) EXPECT_EQ(count, 1) << window;
  EXPECT_THAT(TypesOf(server().Events(job.id)),
              ElementsAre("queued", "running", "segment", "progress", "segment", "segment",
                          "queued", "running", "segment", "progress", "segment", "completed"));
}

TEST_F(JobsTest, WhatHasCrashedTheServerThreeTimesIsGivenUp) {
  const Job job = server().Submit(server().Upload(Speech(2)));
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    if (window == 1) server().jobs().Abandon();
  };
  for (int crash = 1; crash <= 3; ++crash) {
    EXPECT_EQ(RunAll(), 1);
    server().Crash();
    EXPECT_EQ(server().Find(job.id).crashes, crash);
  }
  // The first attempt got as far as window 1, so it counts as well.
  const Job poison = server().Find(job.id);
  EXPECT_EQ(poison.state, JobState::kFailed);
  EXPECT_EQ(poison.error_code, "poison");
  EXPECT_THAT(poison.error_message, HasSubstr("ended unexpectedly 3 times"));
  EXPECT_EQ(RunAll(), 0);
  server().script().on_window = nullptr;
  ASSERT_TRUE(server().jobs().Retry(job.id));
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompleted);
}

TEST_F(JobsTest, CrashesInOtherPlacesDoNotAddUp) {
  const Job job = server().Submit(server().Upload(Speech(6)));
  for (int64_t crash = 1; crash <= 5; ++crash) {
    server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
      if (window == crash) server().jobs().Abandon();
    };
    EXPECT_EQ(RunAll(), 1);
    server().Crash();
    EXPECT_EQ(server().Find(job.id).crashes, 1);
  }
  server().script().on_window = nullptr;
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompleted);
}

TEST_F(JobsTest, StoredWindowsThatCantBeReadAreDropped) {
  const Job job = server().Submit(server().Upload(Speech(3)));
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    if (window == 2) server().jobs().Abandon();
  };
  RunAll();
  Job broken = server().Find(job.id);
  broken.plan = "{nonsense";
  ASSERT_TRUE(server().database().Write(
      [&](store::Connection& connection) { return store::UpdateJob(connection, broken); }));
  server().Crash();
  server().script().on_window = nullptr;
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompleted);
  EXPECT_EQ(server().Find(job.id).windows_done, 3);
  EXPECT_THAT(server().log().With("can't be read"), SizeIs(1));
}

TEST_F(JobsTest, EphemeralJobsEndWithTheServer) {
  const std::string upload = server().Upload(Speech(1));
  JobRequest request;
  request.upload = upload;
  request.is_ephemeral = true;
  const Job job = server().jobs().Submit(request)->job;
  RunAll();
  EXPECT_EQ(server().Find(job.id).state, JobState::kCompleted);
  server().Crash();
  EXPECT_FALSE(server().Exists(job.id));
  server().jobs().Sweep();
  EXPECT_EQ(CodeOf(server().uploads().Find(upload)), ErrorCode::kNotFound);
}

TEST_F(JobsTest, AnUploadThatNeverCameWholeFailsItsJob) {
  const std::string upload = server().Begin(32);
  const Job job = server().Submit(upload);
  server().jobs().Sweep();
  EXPECT_EQ(server().Find(job.id).state, JobState::kQueued);
  server().clock().Advance(25 * 3600 * 1000);
  server().jobs().Sweep();
  EXPECT_EQ(server().Find(job.id).state, JobState::kFailed);
  EXPECT_EQ(server().Find(job.id).error_code, "upload_expired");
  ASSERT_TRUE(server().jobs().Delete(job.id));
  EXPECT_EQ(CodeOf(server().uploads().Find(upload)), ErrorCode::kNotFound);
}

TEST_F(JobsTest, AnUploadWithAJobDoesNotExpire) {
  const std::string early = server().Begin(32);
  server().Submit(early);
  server().Append(early, Speech(2, 1));
  EXPECT_EQ(server().uploads().Find(early)->expires_ms, 0) << "before the job has run";
  const std::string late = server().Upload(Speech(2, 2));
  server().Submit(late);
  const std::string unused = server().Upload(Speech(2, 3));
  RunAll();
  server().clock().Advance(25 * 3600 * 1000);
  server().jobs().Sweep();
  EXPECT_TRUE(server().uploads().Find(early));
  EXPECT_TRUE(server().uploads().Find(late));
  EXPECT_EQ(CodeOf(server().uploads().Find(unused)), ErrorCode::kNotFound);
}

TEST_F(JobsTest, WhyWaitingSaysWhatItWaitsFor) {
  options_.limits.runners = 1;
  const std::string slow = server().Begin(100);
  server().Append(slow, std::string(43, 'x'));
  const Job receiving = server().Submit(slow);
  EXPECT_EQ(server().jobs().WhyWaiting(receiving), "Its file is still being received: 43 %.");
  const Job first = server().Submit(server().Upload(Speech(1, 1)), {}, 1);
  EXPECT_EQ(server().jobs().WhyWaiting(first), "It starts in a moment.");
  const Job second = server().Submit(server().Upload(Speech(1, 2)), {}, -1);
  server().clock().Advance(1000);
  EXPECT_EQ(server().jobs().WhyWaiting(second), "2 jobs are before it in the queue.");
  const Job third = server().Submit(server().Upload(Speech(1, 3)), {}, 2);
  bool is_first = true;
  server().script().on_window = [&](const std::string&, int64_t, const std::stop_token&) {
    if (!std::exchange(is_first, false)) return;
    server().clock().Advance(1000);
    EXPECT_EQ(server().jobs().WhyWaiting(server().Find(first.id)),
              "1 job is running, as many as there may be; it is next.");
    EXPECT_EQ(server().jobs().WhyWaiting(server().Find(third.id)), "") << "it runs";
  };
  RunAll();
  EXPECT_FALSE(is_first);
  EXPECT_EQ(server().jobs().WhyWaiting(server().Find(second.id)), "");
}

TEST_F(JobsTest, LoadAndPaceFollowTheWork) {
  const Job job = server().Submit(server().Upload(Speech(4)));
  server().jobs().Tick();
  EXPECT_EQ(server().jobs().load().queued, 1);
  server().script().on_window = [&](const std::string&, int64_t window, const std::stop_token&) {
    server().clock().Advance(1000);
    server().jobs().Tick();
    EXPECT_EQ(server().jobs().load().running, 1);
    if (window != 2) return;
    EXPECT_NEAR(server().jobs().PaceOf(job.id).speed, 10, .1) << "20 s of audio in 2 s";
    EXPECT_NEAR(server().jobs().PaceOf(job.id).eta_s, 2, .1);
  };
  RunAll();
  EXPECT_GT(server().jobs().load().realtime_factor, 5);
  EXPECT_EQ(server().jobs().PaceOf(job.id).speed, 0);
  server().clock().Advance(61'000);
  server().jobs().Tick();
  EXPECT_EQ(server().jobs().load().realtime_factor, 0);
  EXPECT_EQ(server().jobs().load().running, 0);
  EXPECT_THAT(server().metrics().Exposition(),
              HasSubstr("verbatim_jobs_ended_total{state=\"completed\"} 1"));
}

TEST_F(JobsTest, OldEventsAreTrimmed) {
  ASSERT_TRUE(server().database().Write([](store::Connection& connection) -> Result<void> {
    for (int i = 0; i < 100'010; ++i) {
      TRY(store::AppendEvent(connection, {.type = "x", .job = "", .data = "{}"}));
    }
    return {};
  }));
  server().jobs().Sweep();
  const auto range = server().database().Read(
      [](store::Connection& connection) { return store::EventsKept(connection); });
  EXPECT_EQ(range->newest - range->oldest + 1, 100'000);
}

TEST(RunEventsTest, TellOfEachRunHowItBeginsAndEnds) {
  const TestFolder folder;
  std::vector<RunStart> starts;
  std::vector<Job> ends;
  JobsOptions options;
  options.runs.on_start = [&](const RunStart& start) { starts.push_back(start); };
  options.runs.on_end = [&](const Job& job) { ends.push_back(job); };
  TestServer server(folder.path(), options);
  const std::string speech = Speech(3);
  const Job whole = server.Submit(server.Upload(speech, "talk.wav"));
  ASSERT_EQ(server.jobs().RunNext(), JobCenter::Step::kRan);
  ASSERT_EQ(starts.size(), 1U);
  EXPECT_EQ(starts[0].job.id, whole.id);
  EXPECT_EQ(starts[0].job.attempt, 1);
  EXPECT_EQ(starts[0].filename, "talk.wav");
  EXPECT_EQ(starts[0].file_bytes, speech.size());
  EXPECT_TRUE(starts[0].is_file_whole);
  EXPECT_EQ(starts[0].options.model, "base");
  EXPECT_EQ(starts[0].shape.workers, 2);
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].id, whole.id);
  EXPECT_EQ(ends[0].state, JobState::kCompleted);

  server.script().on_open = [](const std::string&) -> Result<void> {
    return Fail(ErrorCode::kCorruptModel, "torn");
  };
  JobOptions other;
  other.model = "tiny.en";
  server.Submit(server.Upload(Speech(2, 1)), other);
  ASSERT_EQ(server.jobs().RunNext(), JobCenter::Step::kRan);
  EXPECT_EQ(starts.size(), 1U) << "its model cannot be loaded";
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(ends[1].state, JobState::kFailed);
}

}  // namespace
}  // namespace verbatim::jobs
