#include "jobs/impl/job_run.h"

#include <algorithm>
#include <utility>

#include "jobs/impl/job_json.h"
#include "pipeline/window_json.h"
#include "store/events.h"
#include "store/uploads.h"

namespace verbatim::jobs {
namespace {

using store::Connection;
using store::Job;
using transcript::Transcript;

constexpr int64_t kTellingMs = 500;  // between two progress events of a job
constexpr double kShareBeforeEnd = 0.99;

}  // namespace

JobRun::JobRun(const RunTools& tools, Job job, std::shared_ptr<ActiveRun> active,
               std::function<void(double)> on_audio)
    : tools_(tools),
      job_(std::move(job)),
      options_(ParseJobOptions(job_.options).value_or(JobOptions{})),
      active_(std::move(active)),
      on_audio_(std::move(on_audio)),
      started_ms_(tools.clock.SteadyMs()),
      attempt_{job_.id, job_.attempt} {}

Result<Transcript> JobRun::Run() {
  TRY(ParseJobOptions(job_.options));
  pipeline::FileRequest request;
  request.source = TRY(tools_.uploads.OpenSource(job_.upload));
  request.audio_track = options_.audio_track;
  active_->Watch(request.source);
  TRY_VOID(Resume(request));
  const std::shared_ptr<pipeline::Engine> engine = TRY(tools_.engines.Get(options_.model));
  TellStart(*engine, request);
  pipeline::TranscribeOptions options = ToTranscribeOptions(options_);
  options.priority = job_.priority;
  TRY_VOID(
      engine->Transcribe(std::span(&request, 1), options, MakeEvents(), active_->stop_token()));
  if (!outcome_) return Fail(ErrorCode::kInternal, "the engine gave no transcript");
  return *std::move(outcome_);
}

Result<JobRun::Stored> JobRun::LoadStored() {
  return tools_.database.Read([this](Connection& connection) -> Result<Stored> {
    Stored stored;
    const auto upload = TRY(store::FindUpload(connection, job_.upload));
    if (upload) stored.filename = upload->filename;
    stored.windows = TRY(store::WindowsOf(connection, job_.id));
    return stored;
  });
}

Result<void> JobRun::Resume(pipeline::FileRequest& request) {
  Stored stored = TRY(LoadStored());
  request.path = stored.filename;
  if (job_.plan.empty() && stored.windows.empty()) {
    if (!tools_.limits.Get().chunk_size_optimization) request.plan.emplace();
    if (tools_.memory) request.memory_free = tools_.memory().window_bytes;
    return {};
  }
  Result<split::SplitPlan> plan = pipeline::DecodeSplitPlan(job_.plan);
  bool is_readable = plan.has_value();
  for (const store::StoredWindow& window : stored.windows) {
    Result<pipeline::WindowResult> result = pipeline::DecodeWindowResult(window.result);
    is_readable = is_readable && result.has_value();
    if (!is_readable) break;
    line_.Deliver(*result);
    request.finished.push_back(*std::move(result));
  }
  if (!is_readable) {
    tools_.log.Warning("job {}: what was stored of it can't be read; it starts anew", job_.id);
    request.finished.clear();
    line_ = {};
    return tools_.ledger.DropWindows(attempt_);
  }
  request.plan = *plan;
  resumed_at_ = line_.position();
  progress_.position = resumed_at_;
  progress_.share = job_.share;
  progress_.duration = std::chrono::milliseconds(job_.duration_ms);
  if (!request.finished.empty()) {
    tools_.log.Info("job {} goes on with {} windows done", job_.id, request.finished.size());
  }
  return {};
}

void JobRun::TellStart(const pipeline::Engine& engine, const pipeline::FileRequest& request) {
  if (!tools_.runs.on_start) return;
  const pipeline::Engine::Shape shape = engine.shape();
  RunStart start;
  start.job = job_;
  start.options = options_;
  start.filename = request.path.string();
  start.file_bytes = request.source->available();
  start.is_file_whole = !active_->was_early();
  start.shape = shape;
  start.engine_bytes = engine.PredictBytes(shape.workers, shape.batch);
  tools_.runs.on_start(start);
}

pipeline::TranscribeEvents JobRun::MakeEvents() {
  pipeline::TranscribeEvents events;
  events.on_plan = [this](size_t, const split::SplitPlan& plan) { OnPlan(plan); };
  events.on_window = [this](size_t, const pipeline::WindowResult& result) { OnWindow(result); };
  events.on_progress = [this](const pipeline::Progress& progress) { OnProgress(progress); };
  events.on_file = [this](size_t, Result<Transcript> result) { outcome_ = std::move(result); };
  events.on_warning = [this](const std::string& message) {
    tools_.log.Warning("job {}: {}", job_.id, message);
  };
  return events;
}

void JobRun::OnPlan(const split::SplitPlan& plan) {
  if (active_->stop_token().stop_requested()) return;
  Judge(tools_.ledger.StorePlan(attempt_, pipeline::EncodeSplitPlan(plan)));
}

void JobRun::OnWindow(const pipeline::WindowResult& result) {
  if (active_->reason() == StopReason::kAbandoned || active_->reason() == StopReason::kLost) return;
  const int64_t index = line_.segments();
  const std::vector<transcript::Segment> fresh = line_.Deliver(result);
  progress_.position = std::max(progress_.position, line_.position());
  // The engine tells the share a moment later, and of a short file only at its end.
  if (progress_.duration.count() > 0) {
    const double share = ToSeconds(progress_.position) / ToSeconds(progress_.duration);
    progress_.share = std::max(progress_.share, std::min(share, kShareBeforeEnd));
  }
  UpdatePace();
  const store::StoredWindow window{result.window.index, pipeline::EncodeWindowResult(result)};
  const Result<void> written =
      tools_.ledger.Update(attempt_, [&](Connection& connection, Job& job) -> Result<void> {
        TRY_VOID(store::InsertWindow(connection, job.id, job.attempt, window));
        ++job.windows_done;
        job.crashes = 0;  // it gets on, so it is not what ends the server
        TRY_VOID(TellSegments(connection, index, fresh));
        return Advance(connection, job);
      });
  Judge(written);
  if (!written) return;
  // After the commit: a window that is told as computed is never computed again.
  tools_.log.Info("job {} window {} computed", job_.id, window.index);
  const double audio_s = ToSeconds(result.window.length());
  tools_.metrics.OnWindow(audio_s, std::chrono::duration<double>(result.took).count());
  on_audio_(audio_s);
}

void JobRun::OnProgress(const pipeline::Progress& progress) {
  progress_ = progress;
  UpdatePace();
  const int64_t now_ms = tools_.clock.SteadyMs();
  if (active_->stop_token().stop_requested()) return;
  if (told_ms_ && now_ms - *told_ms_ < kTellingMs) return;
  Judge(tools_.ledger.Update(
      attempt_, [this](Connection& connection, Job& job) { return Advance(connection, job); }));
}

Result<void> JobRun::Advance(Connection& connection, Job& job) {
  job.position_ms = std::max(job.position_ms, ToMilliseconds(progress_.position));
  if (progress_.duration.count() > 0) job.duration_ms = ToMilliseconds(progress_.duration);
  job.share = std::max(job.share, std::min(progress_.share, 1.0));
  if (!line_.language().empty()) job.language = line_.language();
  const int64_t now_ms = tools_.clock.SteadyMs();
  if (told_ms_ && now_ms - *told_ms_ < kTellingMs) return {};
  told_ms_ = now_ms;
  TRY(store::AppendEvent(connection, {.id = 0,
                                      .time_ms = tools_.clock.WallMs(),
                                      .type = "progress",
                                      .job = job.id,
                                      .data = ProgressJson(job, active_->pace())}));
  return {};
}

Result<void> JobRun::TellSegments(Connection& connection, int64_t index,
                                  const std::vector<transcript::Segment>& segments) {
  const Words words = options_.has_word_timestamps ? Words::kWrite : Words::kOmit;
  for (const transcript::Segment& segment : segments) {
    TRY(store::AppendEvent(connection, {.id = 0,
                                        .time_ms = tools_.clock.WallMs(),
                                        .type = "segment",
                                        .job = job_.id,
                                        .data = SegmentJson(job_.id, index++, segment, words)}));
  }
  return {};
}

void JobRun::UpdatePace() {
  const double elapsed_s = static_cast<double>(tools_.clock.SteadyMs() - started_ms_) / 1000;
  const double done_s = ToSeconds(progress_.position - resumed_at_);
  if (elapsed_s <= 0 || done_s <= 0) return;
  Pace pace{.speed = done_s / elapsed_s, .eta_s = 0};
  const double left_s = ToSeconds(progress_.duration - progress_.position);
  if (left_s > 0) pace.eta_s = left_s / pace.speed;
  active_->SetPace(pace);
}

void JobRun::Judge(const Result<void>& written) {
  if (written) return;
  const ErrorCode code = written.error().code;
  if (code == ErrorCode::kConflict || code == ErrorCode::kNotFound) {
    active_->Stop(StopReason::kLost);
    return;
  }
  tools_.log.Error("job {}: its work can't be stored: {}", job_.id, written.error().message);
  active_->Stop(StopReason::kStorage);
}

}  // namespace verbatim::jobs
