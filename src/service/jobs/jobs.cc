// Requests of clients. What works on the queue is in runners.cc.
#include "jobs/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/random_id.h"
#include "jobs/impl/job_center.h"
#include "store/uploads.h"

namespace verbatim::jobs {
namespace {

using store::Connection;
using store::Job;
using store::JobState;
using store::Upload;
using store::UploadState;

constexpr size_t kKeyBytesMax = 255;
constexpr int64_t kOrderKeptMs = 500;

// A client names a model, never a folder of the server's.
bool IsModelName(std::string_view text) {
  return text.size() <= 100 && !text.starts_with('.') && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

// The engine would say so too, but only when the job runs.
Result<void> CheckLanguage(const JobOptions& options) {
  if (!options.model.ends_with(".en")) return {};
  if (options.task == pipeline::Task::kTranslate) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("task: model {} knows English only and cannot translate; choose a "
                            "model without .en",
                            options.model));
  }
  if (options.language == "auto" || options.language == "en") return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("language: model {} knows English only, not {}; choose a model without "
                          ".en",
                          options.model, options.language));
}

Result<void> CheckPriority(int priority) {
  if (priority >= kPriorityMin && priority <= kPriorityMax) return {};
  return Fail(ErrorCode::kInvalidArgument, fmt::format("priority is {}; it must be from {} to {}",
                                                       priority, kPriorityMin, kPriorityMax));
}

// What two requests with the same key must have in common, but for the upload: a client that sends
// its file again has another one.
std::string Digest(const JobRequest& request, const JobOptions& options) {
  std::string digest = fmt::format("priority={} ephemeral={} {}", request.priority,
                                   request.is_ephemeral, JobOptionsJson(options));
  if (!request.title.empty()) digest += " title=" + request.title;
  for (const std::string& tag : request.tags) digest += " tag=" + tag;
  return digest;
}

Result<bool> IsSameUpload(Connection& connection, const std::string& a, const std::string& b) {
  if (a == b) return true;
  const std::optional<Upload> first = TRY(store::FindUpload(connection, a));
  const std::optional<Upload> second = TRY(store::FindUpload(connection, b));
  return first && second && !first->sha256.empty() && first->sha256 == second->sha256;
}

std::string JobsAre(size_t count) {
  return count == 1 ? "1 job is" : fmt::format("{} jobs are", count);
}

std::string UploadProgress(const Upload& upload) {
  const uint64_t length = upload.length.value_or(0);
  if (length == 0) {
    return fmt::format("Its file is still being received: {:.1f} MB so far.",
                       static_cast<double>(upload.offset) / 1e6);
  }
  return fmt::format(
      "Its file is still being received: {} %.",
      static_cast<int>(100.0 * static_cast<double>(upload.offset) / static_cast<double>(length)));
}

}  // namespace

Result<std::unique_ptr<Jobs>> Jobs::Open(JobsOptions options, store::Database& database,
                                         upload::Uploads& uploads, EngineCache& engines,
                                         metrics::Metrics& metrics, const Clock& clock, Log& log) {
  auto center = std::make_unique<JobCenter>(
      std::move(options), JobCenter::Parts{database, uploads, engines, metrics, clock, log});
  TRY_VOID(center->Recover());
  return center;
}

Result<JobOptions> JobCenter::Check(const JobRequest& request) {
  // Once through JSON: what a client sends and what endpoints put together meet the same rules.
  JobOptions options = TRY(ParseJobOptions(JobOptionsJson(request.options)));
  const std::string default_model = limits_.Get().default_model;
  if (options.model.empty()) options.model = default_model;
  if (options.model != default_model && !IsModelName(options.model)) {
    return Fail(ErrorCode::kInvalidArgument, "model: this is not the name of a model");
  }
  if (Result<void> model = parts_.engines.Check(options.model); !model) {
    Error error = std::move(model).error();
    if (error.code == ErrorCode::kNotFound) error.code = ErrorCode::kInvalidArgument;
    return Failure(std::move(error).WithContext("model"));
  }
  TRY_VOID(CheckLanguage(options));
  TRY_VOID(CheckPriority(request.priority));
  if (!options.webhook.empty() && !options_.allows_webhooks) {
    return Fail(ErrorCode::kInvalidArgument,
                "webhook: this server calls none but its own; webhook_per_job would allow it");
  }
  if (request.idempotency_key.size() > kKeyBytesMax) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("an idempotency key has at most {} bytes", kKeyBytesMax));
  }
  return options;
}

Result<Submitted> JobCenter::Submit(const JobRequest& request) {
  if (is_stopping_) return Fail(ErrorCode::kBusy, "the server is stopping");
  const JobOptions options = TRY(Check(request));
  Result<Submitted> submitted = parts_.database.Write(
      [&](Connection& connection) { return Admit(connection, request, options); });
  if (!submitted || submitted->is_repeat) return submitted;
  const Job& job = submitted->job;
  parts_.log.Info(
      "job {} {}", job.id,
      job.reused_from.empty() ? "queued" : "takes the transcript of job " + job.reused_from);
  if (IsFinal(job.state)) NoteEnd(job);
  Changed();
  return submitted;
}

Result<Submitted> JobCenter::Admit(Connection& connection, const JobRequest& request,
                                   const JobOptions& options) {
  if (!request.idempotency_key.empty()) {
    std::optional<Job> earlier = TRY(store::FindJobByKey(connection, request.idempotency_key));
    if (earlier) {
      if (earlier->request_digest != Digest(request, options) ||
          !TRY(IsSameUpload(connection, earlier->upload, request.upload))) {
        return Fail(ErrorCode::kConflict, "the idempotency key was used for another request");
      }
      return Submitted{*std::move(earlier), true};
    }
  }
  const std::optional<Upload> upload = TRY(store::FindUpload(connection, request.upload));
  if (!upload) return Fail(ErrorCode::kNotFound, "there is no upload " + request.upload);
  if (upload->released_ms > 0) {
    return Fail(ErrorCode::kNotFound, "the upload's file was let go: send it again");
  }
  if (upload->is_partial) {
    return Fail(ErrorCode::kInvalidArgument, "the upload is only a part of a file");
  }
  TRY_VOID(FindRoom(connection));
  return Submitted{TRY(ledger_.Enter(connection, MakeJob(request, options))), false};
}

// Counts only when the queue may be full: to count thousands for each new one takes too long.
Result<void> JobCenter::FindRoom(Connection& connection) {
  const auto queued_max = static_cast<int64_t>(limits_.Get().queued_max);
  if (queued_most_ >= queued_max) {
    const int64_t queued = TRY(store::CountJobs(connection, JobState::kQueued));
    if (queued >= queued_max) {
      return Fail(ErrorCode::kBusy, fmt::format("the queue is full: {} jobs are waiting", queued));
    }
    // Those that run may come back.
    queued_most_ = queued + TRY(store::CountJobs(connection, JobState::kRunning));
  }
  ++queued_most_;
  return {};
}

Job JobCenter::MakeJob(const JobRequest& request, const JobOptions& options) const {
  Job job;
  job.id = RandomId();
  job.upload = request.upload;
  job.priority = request.priority;
  job.options = JobOptionsJson(options);
  job.transcript_key = TranscriptKey(options);
  job.idempotency_key = request.idempotency_key;
  job.request_digest = Digest(request, options);
  job.is_ephemeral = request.is_ephemeral;
  job.title = request.title;
  job.tags = request.tags;
  job.created_ms = parts_.clock.WallMs();
  return job;
}

Result<void> JobCenter::SubmitFor(Connection& connection, const Upload& upload) {
  Changed();  // also for jobs that wait for this upload
  parts_.metrics.OnUploadCompleted(upload.offset);
  // Its jobs came before its end; later ones keep it as they enter.
  if (TRY(store::CountJobsOf(connection, upload.id)) > 0) {
    TRY_VOID(KeepUpload(connection, upload.id));
  }
  if (upload.job_request.empty()) return {};
  // The request was checked when the upload was made; the bytes are here, so it is never refused.
  JobRequest request = ParseJobRequest(upload.job_request).value_or(JobRequest{});
  request.upload = upload.id;
  JobOptions options = request.options;
  if (options.model.empty()) options.model = limits_.Get().default_model;
  ++queued_most_;
  TRY(ledger_.Enter(connection, MakeJob(request, options)));
  return {};
}

Result<Job> JobCenter::Cancel(const std::string& id) {
  Job job = TRY(ledger_.Cancel(id));
  // Whatever the run still writes is refused already. One that is just about to claim the job, of
  // the next attempt, finds out by itself, or serves a retry.
  const std::shared_ptr<ActiveRun> run = roster_.Find(id);
  if (run && run->attempt() == job.attempt) run->Stop(StopReason::kCancelled);
  NoteEnd(job);
  Changed();
  return job;
}

Result<Job> JobCenter::Retry(const std::string& id) {
  Job job = TRY(ledger_.Retry(id));
  ++queued_most_;
  parts_.log.Info("job {} is queued again", id);
  Changed();
  return job;
}

Result<Job> JobCenter::Change(const std::string& id, const JobChange& change) {
  JobChange checked = change;
  if (change.priority) TRY_VOID(CheckPriority(*change.priority));
  if (change.title) checked.title = TRY(CheckedTitle(*change.title));
  if (change.tags) checked.tags = TRY(CheckedTags(*change.tags));
  Job job = TRY(ledger_.Relabel(id, checked));
  Changed();
  return job;
}

Result<void> JobCenter::Delete(const std::string& id) {
  const Job job = TRY(ledger_.Delete(id));
  RemoveUpload(job.upload);
  Changed();
  return {};
}

void JobCenter::RemoveUpload(const std::string& id) {
  const Result<void> removed = parts_.uploads.Delete(id);
  if (removed || removed.error().code == ErrorCode::kConflict ||  // another job has it
      removed.error().code == ErrorCode::kNotFound) {
    return;
  }
  parts_.log.Warning("upload {} stays for now: {}", id, removed.error().message);
}

std::string JobCenter::WhyWaiting(const Job& job) {
  if (job.state != JobState::kQueued) return "";
  if (is_stopping_) return "The server is stopping; the job goes on when it is back.";
  const auto upload = parts_.database.Read(
      [&](Connection& connection) { return store::FindUpload(connection, job.upload); });
  if (upload && *upload && (*upload)->state == UploadState::kReceiving) {
    return UploadProgress(**upload);
  }
  if (roster_.Find(job.id) != nullptr) {
    return job.attempt == 0 ? "It starts in a moment." : "Its last attempt is just ending.";
  }
  const Result<int64_t> before = QueuePosition(job.id);
  if (!before) return "";
  if (*before > 0) {
    return fmt::format("{} before it in the queue.", JobsAre(static_cast<size_t>(*before)));
  }
  if (roster_.is_closed()) {
    return "It is next, as soon as the running job gets on: the server ended while that was worked "
           "on, so it runs alone at first.";
  }
  const size_t running = roster_.count();
  if (running < static_cast<size_t>(limits_.Get().runners)) {
    const std::string refusal = dispatcher_.WhyRefused(job.id);
    return refusal.empty() ? "It starts in a moment." : refusal;
  }
  return fmt::format("{} running, as many as there may be; it is next.", JobsAre(running));
}

// How many jobs start before it.
Result<int64_t> JobCenter::QueuePosition(const std::string& id) {
  MutexLock lock(order_mutex_);
  const int64_t now_ms = parts_.clock.SteadyMs();
  const uint64_t rings = bell_.rings();
  if (order_ms_ == INT64_MIN || (rings != order_rings_ && now_ms - order_ms_ >= kOrderKeptMs)) {
    const std::vector<Job> queue = TRY(parts_.database.Read(
        [](Connection& connection) { return store::QueuedJobs(connection, SIZE_MAX); }));
    order_.clear();
    for (const Job& job : queue) order_.push_back(job.id);
    order_rings_ = rings;
    order_ms_ = now_ms;
  }
  return std::ranges::find(order_, id) - order_.begin();
}

Pace JobCenter::PaceOf(const std::string& id) {
  const std::shared_ptr<ActiveRun> run = roster_.Find(id);
  return run ? run->pace() : Pace{};
}

Jobs::Load JobCenter::load() {
  const int64_t oldest_ms = oldest_queued_ms_;
  const int64_t waited_ms = oldest_ms > 0 ? parts_.clock.WallMs() - oldest_ms : 0;
  return {.queued = queued_,
          .running = running_,
          .realtime_factor = throughput_.Factor(parts_.clock.SteadyMs()),
          .oldest_wait_s = static_cast<double>(std::max<int64_t>(waited_ms, 0)) / 1000,
          .windows = throughput_.windows(),
          .audio_s = throughput_.audio_s(),
          .memory_prediction_error = memory_errors_.Mean()};
}

}  // namespace verbatim::jobs
