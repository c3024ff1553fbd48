// The table of jobs, and of the windows finished so far. A running job has an owner (a run of the
// server), a lease and an attempt number; whatever a runner writes names its attempt, so that one
// who lost the job can't write any more (fencing).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

enum class JobState { kQueued, kRunning, kCompleted, kCompletedWithGaps, kFailed, kCancelled };
// "queued", "running", "completed", "completed_with_gaps", "failed", "cancelled".
std::string_view JobStateName(JobState state);
std::optional<JobState> ParseJobState(std::string_view name);
// Whether a job in this state will never change again.
bool IsFinal(JobState state);

struct Job {
  std::string id;
  std::string upload;  // id; its file is the job's media
  JobState state = JobState::kQueued;
  int priority = 0;             // higher first, -10 .. 10
  std::string options;          // JSON (jobs/job_options.h)
  std::string transcript_key;   // the options that change the transcript (jobs/job_options.h)
  std::string idempotency_key;  // empty: none; unique otherwise
  std::string request_digest;   // of what was asked with the key, to tell a repeat from a clash
  bool is_ephemeral = false;    // deleted, with its upload, once its result was fetched

  int64_t created_ms = 0;  // wall clock, as all times here but the lease
  int64_t started_ms = 0;  // of the newest attempt; 0: not yet
  int64_t finished_ms = 0;

  int attempt = 0;             // how often it was started
  int crashes = 0;             // attempts that ended without a word
  std::string owner;           // the server run that has it; empty: none
  int64_t lease_until_ms = 0;  // steady clock
  bool is_cancel_requested = false;

  std::string plan;         // JSON: how the audio is split, fixed at the first start
  int64_t duration_ms = 0;  // of the audio; 0: unknown
  int64_t position_ms = 0;  // audio before it is finished
  double share = 0;         // 0..1
  int64_t windows_done = 0;
  std::string language;    // found or given
  std::string error_code;  // of a failed job
  std::string error_message;
  std::string reused_from;  // the job whose transcript was taken

  std::string title;              // that a person gave it; empty: none
  std::vector<std::string> tags;  // sorted, unique, without commas
};

// Errors: kConflict if the id or the idempotency key exists; kNotFound if the upload does not.
Result<void> InsertJob(Connection& connection, const Job& job);
Result<std::optional<Job>> FindJob(Connection& connection, const std::string& id);
Result<std::optional<Job>> FindJobByKey(Connection& connection, const std::string& key);
// The newest completed job (without gaps, not ephemeral) whose upload has this content, that was
// made with this key, and whose transcript is there.
Result<std::optional<Job>> FindReusableJob(Connection& connection, const std::string& sha256,
                                           const std::string& transcript_key);
// Writes all fields, whoever owns it. Errors: kNotFound.
Result<void> UpdateJob(Connection& connection, const Job& job);
// Writes all fields if the stored job is running with job.attempt; errors: kConflict otherwise.
Result<void> UpdateRunningJob(Connection& connection, const Job& job);
// Deletes it with its windows, its transcript and the text in its events. Errors: kNotFound.
Result<void> DeleteJob(Connection& connection, const std::string& id);

struct JobQuery {
  std::optional<JobState> state = std::nullopt;
  std::string text = {};    // in the title or the file's name; empty: all
  std::string tag = {};     // empty: all
  std::string before = {};  // id of the job after which the page starts; empty: the first page
  size_t count = 50;
};
// Newest first. Ephemeral jobs are left out. Errors: kNotFound if there is no job `before`.
Result<std::vector<Job>> ListJobs(Connection& connection, const JobQuery& query);

// Queued jobs in the order they are to start: priority, then age.
Result<std::vector<Job>> QueuedJobs(Connection& connection, size_t count);
// When the queued job that has waited longest was made; 0: none is queued.
Result<int64_t> OldestQueuedJob(Connection& connection);
// Running jobs, whoever owns them.
Result<std::vector<Job>> RunningJobs(Connection& connection);
// How many jobs have an upload.
Result<int64_t> CountJobsOf(Connection& connection, const std::string& upload);
// Jobs that ended before `ended_ms`, the first that ended first; not ephemeral ones.
Result<std::vector<Job>> EndedJobs(Connection& connection, int64_t ended_ms, size_t count);
// Ids of the jobs that have an upload, oldest first.
Result<std::vector<std::string>> JobsOf(Connection& connection, const std::string& upload);
// Bytes of the files and transcripts of jobs that have ended.
Result<uint64_t> KeptBytes(Connection& connection);
// Ephemeral jobs in any state.
Result<std::vector<Job>> EphemeralJobs(Connection& connection);
struct TagCount {
  std::string tag;
  int64_t jobs = 0;
};
// All tags, by name.
Result<std::vector<TagCount>> CountTags(Connection& connection);
// How many jobs are in a state. Takes the longer the more they are.
Result<int64_t> CountJobs(Connection& connection, JobState state);

// One finished window. `result` is what pipeline::EncodeWindowResult made.
struct StoredWindow {
  int64_t index = 0;
  std::string result;
};
// Errors: kConflict if the job is not running with this attempt, or the window is there already.
Result<void> InsertWindow(Connection& connection, const std::string& job, int attempt,
                          const StoredWindow& window);
Result<std::vector<StoredWindow>> WindowsOf(Connection& connection, const std::string& job);
// Once the transcript is whole the windows are no longer needed.
Result<void> DeleteWindows(Connection& connection, const std::string& job);

}  // namespace verbatim::store
