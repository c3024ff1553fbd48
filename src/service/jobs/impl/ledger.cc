#include "jobs/impl/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "jobs/impl/job_json.h"
#include "store/events.h"
#include "store/transcripts.h"
#include "store/uploads.h"
#include "transcript/writers.h"

namespace verbatim::jobs {
namespace {

using store::Connection;
using store::Job;
using store::JobState;
using store::Upload;
using store::UploadState;
using transcript::CoverageKind;
using transcript::Transcript;

Result<Job> FindExisting(Connection& connection, const std::string& id) {
  std::optional<Job> job = TRY(store::FindJob(connection, id));
  if (!job) return verbatim::Fail(ErrorCode::kNotFound, "there is no job " + id);
  return *std::move(job);
}

Failure Refused(const Job& job, std::string_view what) {
  return verbatim::Fail(ErrorCode::kConflict,
                        fmt::format("the job is {} and {}", JobStateName(job.state), what));
}

Result<std::string> FilenameOf(Connection& connection, const Job& job) {
  const std::optional<Upload> upload = TRY(store::FindUpload(connection, job.upload));
  return upload ? upload->filename : std::string();
}

// Text that may be wrong is no gap: it is there, and the coverage marks it.
bool HasGaps(const Transcript& transcript) {
  return std::ranges::count(transcript.coverage, CoverageKind::kFailed,
                            &transcript::CoverageSpan::kind) > 0;
}

}  // namespace

void Release(Job& job) {
  job.owner.clear();
  job.lease_until_ms = 0;
}

Result<void> KeepUpload(Connection& connection, const std::string& id) {
  std::optional<Upload> upload = TRY(store::FindUpload(connection, id));
  if (!upload || upload->state == UploadState::kReceiving || upload->expires_ms == 0) return {};
  upload->expires_ms = 0;
  return store::UpdateUpload(connection, *upload);
}

// Without a job it is removed by the next sweep, if not before.
Result<void> Ledger::DropUpload(Connection& connection, const std::string& id) {
  if (TRY(store::CountJobsOf(connection, id)) > 0) return {};
  std::optional<Upload> upload = TRY(store::FindUpload(connection, id));
  if (!upload) return {};
  upload->expires_ms = clock_.WallMs();
  return store::UpdateUpload(connection, *upload);
}

Result<void> Ledger::Announce(Connection& connection, const Job& job) {
  const std::string filename = TRY(FilenameOf(connection, job));
  const std::string json = JobJson(job, filename, "");
  TRY(store::AppendEvent(
      connection,
      {.id = 0, .time_ms = clock_.WallMs(), .type = "job", .job = job.id, .data = json}));
  if (!on_ended_ || !IsFinal(job.state) || job.is_ephemeral) return {};
  return on_ended_(connection, job, json);
}

Result<void> Ledger::Put(Connection& connection, const Job& job) {
  TRY_VOID(store::UpdateJob(connection, job));
  return Announce(connection, job);
}

Result<Job> Ledger::ChangeAny(const std::string& id, const Change& change) {
  return database_.Write([&](Connection& connection) -> Result<Job> {
    Job job = TRY(FindExisting(connection, id));
    TRY_VOID(change(connection, job));
    TRY_VOID(Put(connection, job));
    return job;
  });
}

Result<Job> Ledger::ChangeRunning(const Attempt& attempt, const Change& change) {
  return database_.Write([&](Connection& connection) -> Result<Job> {
    Job job = TRY(FindExisting(connection, attempt.job));
    if (job.state != JobState::kRunning || job.attempt != attempt.number) {
      return verbatim::Fail(ErrorCode::kConflict, "the job is in other hands");
    }
    TRY_VOID(change(connection, job));
    TRY_VOID(store::UpdateRunningJob(connection, job));
    if (job.state != JobState::kRunning) TRY_VOID(Announce(connection, job));
    return job;
  });
}

Result<std::vector<Job>> Ledger::Recover(int crashes_max) {
  return database_.Write([&](Connection& connection) -> Result<std::vector<Job>> {
    std::vector<Job> jobs = TRY(store::EphemeralJobs(connection));
    for (const Job& job : jobs) {
      TRY_VOID(store::DeleteJob(connection, job.id));
      TRY_VOID(DropUpload(connection, job.upload));
    }
    for (Job& job : TRY(store::RunningJobs(connection))) {
      Release(job);
      ++job.crashes;
      job.state = JobState::kQueued;
      if (job.crashes >= crashes_max) {
        job.state = JobState::kFailed;
        job.finished_ms = clock_.WallMs();
        job.error_code = "poison";
        job.error_message = fmt::format(
            "The server ended unexpectedly {} times while it worked on this file, so it was given "
            "up.",
            job.crashes);
      }
      TRY_VOID(Put(connection, job));
      jobs.push_back(std::move(job));
    }
    return jobs;
  });
}

Result<Job> Ledger::Enter(Connection& connection, Job job) {
  TRY_VOID(store::InsertJob(connection, job));
  if (job.state == JobState::kQueued) {
    if (std::optional<Transcript> stored = TRY(Reuse(connection, job))) {
      TRY_VOID(Finish(connection, job, *std::move(stored)));
      TRY_VOID(store::UpdateJob(connection, job));
    }
  }
  TRY_VOID(KeepUpload(connection, job.upload));
  TRY_VOID(Announce(connection, job));
  return job;
}

Result<std::optional<Transcript>> Ledger::Reuse(Connection& connection, Job& job) {
  const Result<JobOptions> options = ParseJobOptions(job.options);
  if (!options || !options->is_reusing || job.windows_done > 0) return std::nullopt;
  const std::optional<Upload> upload = TRY(store::FindUpload(connection, job.upload));
  if (!upload || upload->sha256.empty()) return std::nullopt;
  const std::optional<Job> earlier =
      TRY(store::FindReusableJob(connection, upload->sha256, job.transcript_key));
  if (!earlier) return std::nullopt;
  const std::optional<std::string> json = TRY(store::FindTranscript(connection, earlier->id));
  Result<Transcript> transcript = transcript::ReadJson(json.value_or(""));
  if (!transcript) return std::nullopt;
  job.reused_from = earlier->id;
  job.started_ms = clock_.WallMs();
  return *std::move(transcript);
}

Result<void> Ledger::Finish(Connection& connection, Job& job, Transcript transcript) {
  const JobOptions options = TRY(ParseJobOptions(job.options));
  transcript.source = TRY(FilenameOf(connection, job));
  job.state = HasGaps(transcript) ? JobState::kCompletedWithGaps : JobState::kCompleted;
  job.finished_ms = clock_.WallMs();
  job.duration_ms = ToMilliseconds(transcript.duration);
  job.position_ms = job.duration_ms;
  job.share = 1;
  job.language = transcript.language;
  Release(job);
  const std::string json = transcript::Render(transcript, transcript::Format::kJson, options.cues,
                                              transcript::WordTimes::kOmit);
  TRY_VOID(store::PutTranscript(connection, job.id, json, transcript));
  return store::DeleteWindows(connection, job.id);
}

Result<std::optional<Job>> Ledger::Claim(const Attempt& attempt) {
  return database_.Write([&](Connection& connection) -> Result<std::optional<Job>> {
    std::optional<Job> job = TRY(store::FindJob(connection, attempt.job));
    if (!job || job->state != JobState::kQueued) return std::nullopt;
    if (++job->attempt != attempt.number) return std::nullopt;
    job->started_ms = clock_.WallMs();
    if (std::optional<Transcript> stored = TRY(Reuse(connection, *job))) {
      TRY_VOID(Finish(connection, *job, *std::move(stored)));
    } else {
      job->state = JobState::kRunning;
      job->owner = server_;
      job->lease_until_ms = clock_.SteadyMs() + lease_ms_;
    }
    TRY_VOID(Put(connection, *job));
    return job;
  });
}

Result<std::vector<Ledger::Attempt>> Ledger::Renew(const std::vector<Attempt>& attempts) {
  return database_.Write([&](Connection& connection) -> Result<std::vector<Attempt>> {
    std::vector<Attempt> lost;
    for (const Attempt& attempt : attempts) {
      std::optional<Job> job = TRY(store::FindJob(connection, attempt.job));
      if (job && job->attempt < attempt.number) continue;  // it is just about to be claimed
      if (!job || job->state != JobState::kRunning || job->attempt != attempt.number) {
        lost.push_back(attempt);
        continue;
      }
      job->lease_until_ms = clock_.SteadyMs() + lease_ms_;
      TRY_VOID(store::UpdateRunningJob(connection, *job));
    }
    return lost;
  });
}

Result<void> Ledger::StorePlan(const Attempt& attempt, const std::string& plan) {
  return Update(attempt, [&](Connection&, Job& job) -> Result<void> {
    if (job.plan.empty()) job.plan = plan;
    return {};
  });
}

Result<void> Ledger::Update(const Attempt& attempt, const Change& change) {
  TRY(ChangeRunning(attempt, change));
  return {};
}

Result<Job> Ledger::Return(const Attempt& attempt) {
  return ChangeRunning(attempt, [](Connection&, Job& job) -> Result<void> {
    job.state = JobState::kQueued;
    Release(job);
    return {};
  });
}

Result<Job> Ledger::Fail(const Attempt& attempt, const JobFailure& failure) {
  return ChangeRunning(attempt, [&](Connection&, Job& job) -> Result<void> {
    job.state = JobState::kFailed;
    job.finished_ms = clock_.WallMs();
    job.error_code = failure.code;
    job.error_message = failure.message;
    Release(job);
    return {};
  });
}

Result<Job> Ledger::Complete(const Attempt& attempt, Transcript transcript) {
  return ChangeRunning(attempt, [&](Connection& connection, Job& job) -> Result<void> {
    return Finish(connection, job, std::move(transcript));
  });
}

Result<void> Ledger::DropWindows(const Attempt& attempt) {
  return Update(attempt, [](Connection& connection, Job& job) -> Result<void> {
    job.plan.clear();
    job.windows_done = 0;
    job.position_ms = 0;
    job.share = 0;
    return store::DeleteWindows(connection, job.id);
  });
}

Result<Job> Ledger::Cancel(const std::string& id) {
  return ChangeAny(id, [&](Connection&, Job& job) -> Result<void> {
    if (IsFinal(job.state)) return Refused(job, "has nothing to cancel");
    job.state = JobState::kCancelled;
    job.finished_ms = clock_.WallMs();
    Release(job);
    return {};
  });
}

Result<Job> Ledger::Retry(const std::string& id) {
  return ChangeAny(id, [](Connection& connection, Job& job) -> Result<void> {
    if (job.state != JobState::kFailed && job.state != JobState::kCancelled) {
      return Refused(job, "only one that failed or was cancelled can be tried again");
    }
    const std::optional<Upload> upload = TRY(store::FindUpload(connection, job.upload));
    if (!upload || upload->released_ms > 0) {
      return verbatim::Fail(ErrorCode::kNotFound, "the job's file was removed");
    }
    job.state = JobState::kQueued;
    job.finished_ms = 0;
    job.crashes = 0;
    job.error_code.clear();
    job.error_message.clear();
    return {};
  });
}

Result<Job> Ledger::Relabel(const std::string& id, const JobChange& labels) {
  return ChangeAny(id, [&labels](Connection&, Job& job) -> Result<void> {
    if (labels.priority && IsFinal(job.state)) {
      return Refused(job, "its priority means nothing any more");
    }
    job.priority = labels.priority.value_or(job.priority);
    job.title = labels.title.value_or(job.title);
    job.tags = labels.tags.value_or(job.tags);
    return {};
  });
}

Result<Job> Ledger::Delete(const std::string& id) {
  return database_.Write([&](Connection& connection) -> Result<Job> {
    Job job = TRY(FindExisting(connection, id));
    if (!IsFinal(job.state)) return Refused(job, "must be cancelled first");
    TRY_VOID(store::DeleteJob(connection, id));
    TRY_VOID(DropUpload(connection, job.upload));
    TRY(store::AppendEvent(connection, {.id = 0,
                                        .time_ms = clock_.WallMs(),
                                        .type = "job_deleted",
                                        .job = id,
                                        .data = fmt::format(R"({{"id":"{}"}})", id)}));
    return job;
  });
}

Result<void> Ledger::ReleaseUpload(Connection& connection, Upload upload) {
  upload.released_ms = clock_.WallMs();
  TRY_VOID(store::UpdateUpload(connection, upload));
  for (const std::string& id : upload.parts) {
    std::optional<Upload> part = TRY(store::FindUpload(connection, id));
    if (!part) continue;
    part->released_ms = upload.released_ms;
    TRY_VOID(store::UpdateUpload(connection, *part));
  }
  for (const std::string& job : TRY(store::JobsOf(connection, upload.id))) {
    TRY(store::AppendEvent(connection, {.id = 0,
                                        .time_ms = upload.released_ms,
                                        .type = "media_deleted",
                                        .job = job,
                                        .data = fmt::format(R"({{"id":"{}"}})", job)}));
  }
  return {};
}

Result<std::vector<std::string>> Ledger::ReleaseMedia(int64_t ended_ms, size_t count) {
  return database_.Write([&](Connection& connection) -> Result<std::vector<std::string>> {
    std::vector<std::string> ids;
    for (Upload& upload : TRY(store::UploadsToRelease(connection, ended_ms, count))) {
      ids.push_back(upload.id);
      TRY_VOID(ReleaseUpload(connection, std::move(upload)));
    }
    return ids;
  });
}

Result<std::vector<Job>> Ledger::FailExpired() {
  return database_.Write([&](Connection& connection) -> Result<std::vector<Job>> {
    std::vector<Upload> uploads = TRY(store::ExpiredUploads(connection, clock_.WallMs()));
    std::erase_if(uploads,
                  [](const Upload& upload) { return upload.state != UploadState::kReceiving; });
    std::vector<Job> failed;
    if (uploads.empty()) return failed;
    for (Job& job : TRY(store::QueuedJobs(connection, SIZE_MAX))) {
      if (std::ranges::find(uploads, job.upload, &Upload::id) == uploads.end()) continue;
      job.state = JobState::kFailed;
      job.finished_ms = clock_.WallMs();
      job.error_code = "upload_expired";
      job.error_message = "The file was not received whole in time.";
      TRY_VOID(Put(connection, job));
      failed.push_back(std::move(job));
    }
    return failed;
  });
}

Result<std::vector<Job>> Ledger::Reclaim(const std::function<bool(const Job&)>& is_at_work) {
  return database_.Write([&](Connection& connection) -> Result<std::vector<Job>> {
    std::vector<Job> taken;
    for (Job& job : TRY(store::RunningJobs(connection))) {
      if (is_at_work(job)) continue;
      job.state = JobState::kQueued;
      Release(job);
      TRY_VOID(Put(connection, job));
      taken.push_back(std::move(job));
    }
    return taken;
  });
}

}  // namespace verbatim::jobs
