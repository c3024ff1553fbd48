#include "store/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/events.h"
#include "store/test_database.h"

namespace verbatim::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class JobsTest : public ::testing::Test, protected TestDatabase {
 protected:
  void SetState(const std::string& id, JobState state) {
    Job job = **Read(FindJob, id);
    job.state = state;
    ASSERT_TRUE(Write(UpdateJob, job));
  }
  std::vector<std::string> List(const JobQuery& query) { return Ids(Read(ListJobs, query)); }
  static std::vector<std::string> Ids(const Result<std::vector<Job>>& jobs) {
    EXPECT_TRUE(jobs) << jobs.error().message;
    std::vector<std::string> ids;
    for (const Job& job : *jobs) ids.push_back(job.id);
    return ids;
  }
};

Job FullJob() {
  Job job = MakeJob("full", "upload_a");
  job.state = JobState::kFailed;
  job.priority = -3;
  job.options = R"({"model":"base"})";
  job.transcript_key = "key";
  job.idempotency_key = "idempotency";
  job.request_digest = "digest";
  job.is_ephemeral = true;
  job.started_ms = 11;
  job.finished_ms = 12;
  job.attempt = 2;
  job.crashes = 1;
  job.owner = "run";
  job.lease_until_ms = 13;
  job.is_cancel_requested = true;
  job.plan = std::string("pl\0an", 5);
  job.duration_ms = 14;
  job.position_ms = 15;
  job.share = 0.3;
  job.windows_done = 16;
  job.language = "en";
  job.error_code = "io";
  job.error_message = "it went wrong: é";
  job.reused_from = "other";
  return job;
}

void ExpectSame(const Job& a, const Job& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.upload, b.upload);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.priority, b.priority);
  EXPECT_EQ(a.options, b.options);
  EXPECT_EQ(a.transcript_key, b.transcript_key);
  EXPECT_EQ(a.idempotency_key, b.idempotency_key);
  EXPECT_EQ(a.request_digest, b.request_digest);
  EXPECT_EQ(a.is_ephemeral, b.is_ephemeral);
  EXPECT_EQ(a.created_ms, b.created_ms);
  EXPECT_EQ(a.started_ms, b.started_ms);
  EXPECT_EQ(a.finished_ms, b.finished_ms);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.crashes, b.crashes);
  EXPECT_EQ(a.owner, b.owner);
  EXPECT_EQ(a.lease_until_ms, b.lease_until_ms);
  EXPECT_EQ(a.is_cancel_requested, b.is_cancel_requested);
  EXPECT_EQ(a.plan, b.plan);
  EXPECT_EQ(a.duration_ms, b.duration_ms);
  EXPECT_EQ(a.position_ms, b.position_ms);
  EXPECT_EQ(a.share, b.share);
  EXPECT_EQ(a.windows_done, b.windows_done);
  EXPECT_EQ(a.language, b.language);
  EXPECT_EQ(a.error_code, b.error_code);
  EXPECT_EQ(a.error_message, b.error_message);
  EXPECT_EQ(a.reused_from, b.reused_from);
}

TEST_F(JobsTest, EveryFieldComesBack) {
  ASSERT_TRUE(Write(InsertUpload, MakeUpload("upload_a")));
  ASSERT_TRUE(Write(InsertJob, FullJob()));
  ExpectSame(**Read(FindJob, "full"), FullJob());

  ASSERT_TRUE(Write(InsertJob, MakeJob("plain", "upload_a")));
  Job updated = FullJob();
  updated.id = "plain";
  updated.idempotency_key = "another";
  ASSERT_TRUE(Write(UpdateJob, updated));
  ExpectSame(**Read(FindJob, "plain"), updated);
  EXPECT_FALSE(*Read(FindJob, "none"));
}

TEST_F(JobsTest, NamesOfStatesReadBack) {
  for (int i = 0; i < 6; ++i) {
    const auto state = static_cast<JobState>(i);
    EXPECT_EQ(ParseJobState(JobStateName(state)), state);
    EXPECT_EQ(IsFinal(state), i >= 2);
  }
  EXPECT_EQ(ParseJobState("Queued"), std::nullopt);
  EXPECT_EQ(JobStateName(JobState::kCompletedWithGaps), "completed_with_gaps");
}

TEST_F(JobsTest, WhatClashesIsRefusedWithItsReason) {
  Job first = AddJob("a");
  Result<void> again = Write(InsertJob, first);
  EXPECT_EQ(CodeOfFailure(again), ErrorCode::kConflict);
  EXPECT_THAT(again.error().message, HasSubstr("there is a job a already"));

  Job with_key = MakeJob("b", "upload_a");
  with_key.idempotency_key = "key";
  ASSERT_TRUE(Write(InsertJob, with_key));
  with_key.id = "c";
  again = Write(InsertJob, with_key);
  EXPECT_EQ(CodeOfFailure(again), ErrorCode::kConflict);
  EXPECT_THAT(again.error().message, HasSubstr("idempotency key"));
  EXPECT_EQ((*Read(FindJobByKey, "key"))->id, "b");
  EXPECT_FALSE(*Read(FindJobByKey, "")) << "no key is not a key";

  EXPECT_EQ(CodeOfFailure(Write(InsertJob, MakeJob("d", "none"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOfFailure(Write(UpdateJob, MakeJob("none", "upload_a"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOfFailure(Write(DeleteJob, "none")), ErrorCode::kNotFound);
}

TEST_F(JobsTest, OnlyTheAttemptThatRunsMayWrite) {
  Job job = AddJob("a");
  EXPECT_EQ(CodeOfFailure(Write(UpdateRunningJob, job)), ErrorCode::kConflict) << "queued";
  job.state = JobState::kRunning;
  job.attempt = 1;
  ASSERT_TRUE(Write(UpdateJob, job));
  job.windows_done = 1;
  ASSERT_TRUE(Write(UpdateRunningJob, job));
  ASSERT_TRUE(Write(InsertWindow, "a", 1, StoredWindow{0, "first"}));

  Job late = job;  // another runner takes the job; the first does not know
  job.attempt = 2;
  ASSERT_TRUE(Write(UpdateJob, job));
  late.windows_done = 99;
  EXPECT_EQ(CodeOfFailure(Write(UpdateRunningJob, late)), ErrorCode::kConflict);
  EXPECT_EQ(CodeOfFailure(Write(InsertWindow, "a", 1, StoredWindow{1, "late"})),
            ErrorCode::kConflict);
  EXPECT_EQ((*Read(FindJob, "a"))->windows_done, 1);

  job.state = JobState::kCompleted;
  ASSERT_TRUE(Write(UpdateRunningJob, job));
  EXPECT_EQ(CodeOfFailure(Write(UpdateRunningJob, job)), ErrorCode::kConflict) << "it has ended";
  EXPECT_EQ(CodeOfFailure(Write(InsertWindow, "a", 2, StoredWindow{1, "late"})),
            ErrorCode::kConflict);
}

TEST_F(JobsTest, WindowsAreKeptOnceAndInOrder) {
  Job job = AddJob("a");
  job.state = JobState::kRunning;
  job.attempt = 1;
  ASSERT_TRUE(Write(UpdateJob, job));
  ASSERT_TRUE(Write(InsertWindow, "a", 1, StoredWindow{2, "two"}));
  ASSERT_TRUE(Write(InsertWindow, "a", 1, StoredWindow{0, "zero"}));
  Result<void> twice = Write(InsertWindow, "a", 1, StoredWindow{2, "again"});
  EXPECT_EQ(CodeOfFailure(twice), ErrorCode::kConflict);
  EXPECT_THAT(twice.error().message, HasSubstr("window 2"));
  const std::vector<StoredWindow> windows = *Read(WindowsOf, "a");
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].index, 0);
  EXPECT_EQ(windows[1].result, "two");
  ASSERT_TRUE(Write(DeleteWindows, "a"));
  EXPECT_THAT(*Read(WindowsOf, "a"), IsEmpty());
}

TEST_F(JobsTest, DeletingAJobTakesWhatBelongsToIt) {
  Job job = AddJob("a");
  job.state = JobState::kRunning;
  ASSERT_TRUE(Write(UpdateJob, job));
  ASSERT_TRUE(Write(InsertWindow, "a", 0, StoredWindow{0, "zero"}));
  ASSERT_TRUE(Write(PutTranscript, "a", "{}", MakeTranscript({"word"})));
  const Event text{.time_ms = 5, .type = "segment", .job = "a", .data = R"({"text":"word"})"};
  ASSERT_TRUE(Write(AppendEvent, text));
  EXPECT_EQ(CodeOfFailure(Write(DeleteUpload, "upload_a")), ErrorCode::kConflict) << "in use";
  ASSERT_TRUE(Write(DeleteJob, "a"));
  EXPECT_FALSE(*Read(FindJob, "a"));
  EXPECT_FALSE(*Read(FindTranscript, "a"));
  EXPECT_THAT(*Read(WindowsOf, "a"), IsEmpty());
  EXPECT_EQ(Read(EventsAfter, int64_t{0}, size_t{10}, "")->front().data, R"({"job":"a"})");
  EXPECT_TRUE(Write(DeleteUpload, "upload_a"));
}

TEST_F(JobsTest, TheQueueGoesByPriorityThenAge) {
  for (const char* id : {"a", "b", "c", "d"}) AddJob(id);
  Job urgent = **Read(FindJob, "c");
  urgent.priority = 5;
  ASSERT_TRUE(Write(UpdateJob, urgent));
  SetState("b", JobState::kRunning);
  EXPECT_THAT(Ids(Read(QueuedJobs, size_t{10})), ElementsAre("c", "a", "d"));
  EXPECT_THAT(Ids(Read(QueuedJobs, size_t{1})), ElementsAre("c"));
  EXPECT_THAT(Ids(Read(RunningJobs)), ElementsAre("b"));
  EXPECT_EQ(*Read(CountJobs, JobState::kQueued), 3);
  EXPECT_EQ(*Read(CountJobs, JobState::kRunning), 1);
  EXPECT_EQ(*Read(CountJobs, JobState::kFailed), 0);
}

TEST_F(JobsTest, ListsPageByPageNewestFirst) {
  AddJob("a", "Holiday.MOV");
  AddJob("b", "100%_sure.wav");
  AddJob("c", "holiday 2.mov");
  AddJob("d");
  Job hidden = MakeJob("e", "upload_a");
  hidden.is_ephemeral = true;
  ASSERT_TRUE(Write(InsertJob, hidden));
  SetState("a", JobState::kFailed);

  EXPECT_THAT(List({}), ElementsAre("d", "c", "b", "a"));
  EXPECT_THAT(List({.count = 2}), ElementsAre("d", "c"));
  EXPECT_THAT(List({.before = "c", .count = 2}), ElementsAre("b", "a"));
  EXPECT_THAT(List({.before = "a"}), IsEmpty());
  EXPECT_THAT(List({.count = 0}), IsEmpty());
  EXPECT_THAT(List({.state = JobState::kFailed}), ElementsAre("a"));
  EXPECT_THAT(List({.text = "HOLIDAY"}), ElementsAre("c", "a"));
  EXPECT_THAT(List({.state = JobState::kQueued, .text = "holiday"}), ElementsAre("c"));
  EXPECT_THAT(List({.text = "%_"}), ElementsAre("b")) << "no wildcards";
  EXPECT_THAT(List({.text = std::string(100'000, '%')}), IsEmpty());
  EXPECT_EQ(CodeOfFailure(Read(ListJobs, JobQuery{.before = "none"})), ErrorCode::kNotFound);
}

TEST_F(JobsTest, AStoredTranscriptIsFoundByContentAndKey) {
  const auto add = [&](const std::string& id, const std::string& sha256, JobState state) {
    Upload upload = MakeUpload("upload_" + id);
    upload.sha256 = sha256;
    ASSERT_TRUE(Write(InsertUpload, upload));
    Job job = MakeJob(id, upload.id);
    job.transcript_key = "base/en";
    job.state = state;
    ASSERT_TRUE(Write(InsertJob, job));
    ASSERT_TRUE(Write(PutTranscript, id, "{}", MakeTranscript({})));
  };
  add("old", "content", JobState::kCompleted);
  add("new", "content", JobState::kCompleted);
  add("gaps", "content", JobState::kCompletedWithGaps);
  add("queued", "content", JobState::kQueued);
  add("unknown", "", JobState::kCompleted);
  EXPECT_EQ((*Read(FindReusableJob, "content", "base/en"))->id, "new");
  EXPECT_FALSE(*Read(FindReusableJob, "content", "base/de"));
  EXPECT_FALSE(*Read(FindReusableJob, "other", "base/en"));
  EXPECT_FALSE(*Read(FindReusableJob, "", "base/en")) << "unknown content is not equal content";

  Job hidden = **Read(FindJob, "new");
  hidden.is_ephemeral = true;
  ASSERT_TRUE(Write(UpdateJob, hidden));
  EXPECT_EQ((*Read(FindReusableJob, "content", "base/en"))->id, "old");
}

TEST_F(JobsTest, TitlesAndTagsFindJobs) {
  for (const char* id : {"a", "b", "c"}) AddJob(id, std::string(id) + ".mp4");
  Job job = **Read(FindJob, "b");
  job.title = "Über Katzen";
  job.tags = {"cat", "cats"};
  ASSERT_TRUE(Write(UpdateJob, job));
  job = **Read(FindJob, "c");
  job.tags = {"cats"};
  ASSERT_TRUE(Write(UpdateJob, job));
  job = **Read(FindJob, "b");
  EXPECT_EQ(job.title, "Über Katzen");
  EXPECT_EQ(job.tags, (std::vector<std::string>{"cat", "cats"}));

  const auto ids = [this](const JobQuery& query) {
    const auto jobs = Read(ListJobs, query);
    std::string found;
    for (const Job& one : *jobs) found += one.id;
    return found;
  };
  EXPECT_EQ(ids({.tag = "cat"}), "b");
  EXPECT_EQ(ids({.tag = "cats"}), "cb");
  EXPECT_EQ(ids({.tag = "ca"}), "");
  EXPECT_EQ(ids({.text = "katz"}), "b");
  EXPECT_EQ(ids({.text = ".mp4", .tag = "cats"}), "cb");

  const auto tags = Read(CountTags);
  ASSERT_EQ(tags->size(), 2U);
  EXPECT_EQ(tags->at(0).tag, "cat");
  EXPECT_EQ(tags->at(0).jobs, 1);
  EXPECT_EQ(tags->at(1).jobs, 2);
}

}  // namespace
}  // namespace verbatim::store
