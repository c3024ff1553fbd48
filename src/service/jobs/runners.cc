// What works on the queue: runners, leases, time-outs and what is cleaned up now and then.
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "base/contain.h"
#include "base/random_id.h"
#include "jobs/impl/job_center.h"
#include "store/events.h"

namespace verbatim::jobs {
namespace {

using namespace std::chrono_literals;
using store::Connection;
using store::Job;
using store::JobState;
using transcript::Transcript;

constexpr auto kTickTime = 100ms;
constexpr auto kSweepTime = 60s;
constexpr auto kTroubleTime = 1s;     // after the store has failed
constexpr int64_t kStallMs = 60'000;  // an upload that stands still gives its runner back
constexpr size_t kEventsKept = 100'000;

double SecondsBetween(int64_t begin_ms, int64_t end_ms) {
  return begin_ms > 0 && end_ms > begin_ms ? static_cast<double>(end_ms - begin_ms) / 1000 : 0;
}

std::vector<Ledger::Attempt> AttemptsOf(const Roster& roster) {
  std::vector<Ledger::Attempt> attempts;
  for (const auto& run : roster.all()) {
    if (run->reason() == StopReason::kNone) attempts.push_back({run->job(), run->attempt()});
  }
  return attempts;
}

}  // namespace

JobCenter::JobCenter(JobsOptions options, const Parts& parts)
    : options_(std::move(options)),
      limits_(options_.limits),
      parts_(parts),
      ledger_(parts.database, parts.clock, RandomId(), options_.lease_ms),
      admission_(options_, parts.engines, roster_, parts.clock, parts.log),
      dispatcher_(limits_, options_.crashes_max, ledger_, parts.database, parts.uploads, roster_,
                  admission_, parts.clock),
      tools_{ledger_,     parts.database, parts.uploads, parts.engines, parts.metrics,
             parts.clock, parts.log,      limits_,       options_.runs, options_.memory} {
  ledger_.TellEnds(options_.on_ended);
}

void JobCenter::Abandon() {
  is_stopping_ = true;
  roster_.StopAll(StopReason::kAbandoned);
}

JobCenter::~JobCenter() {
  Abandon();
  EndThreads();
  bell_.Ring();
}

Result<void> JobCenter::Recover() {
  for (const Job& job : TRY(ledger_.Recover(options_.crashes_max))) {
    if (job.state == JobState::kQueued) {
      parts_.log.Warning("job {} was cut off by the end of the server; it is queued again", job.id);
    }
    if (job.state == JobState::kFailed) NoteEnd(job);
  }
  RefreshCounts();
  return {};
}

void JobCenter::Start() {
  {
    const MutexLock lock(runners_mutex_);
    has_started_ = true;
    AddRunners(limits_.Get().runners);
  }
  threads_.emplace_back([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      Try("watching jobs", [this] { Tick(); });
      bell_.Sleep(kTickTime, stop);
    }
  });
  threads_.emplace_back([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      Try("removing what is old", [this] { Sweep(); });
      bell_.Sleep(kSweepTime, stop);
    }
  });
}

void JobCenter::AddRunners(int count) {
  while (runners_.size() < static_cast<size_t>(count)) {
    runners_.emplace_back([this](const std::stop_token& stop) { RunnerLoop(stop); });
    ++runners_alive_;
  }
}

void JobCenter::Try(std::string_view doing, const std::function<void()>& work) {
  const Result<void> done = Contain([&] { work(); });
  if (!done) parts_.log.Error("{}: {}", doing, done.error().message);
}

void JobCenter::SetLimits(const JobLimits& limits) {
  limits_.Set(limits);
  retention_due_ms_ = 0;
  {
    const MutexLock lock(runners_mutex_);
    if (has_started_ && !is_stopping_) AddRunners(limits.runners);
  }
  Changed();
}

int64_t JobCenter::LimitOf(const ActiveRun& run) const {
  const JobLimits limits = limits_.Get();
  const bool is_large = run.file_bytes() > options_.large_file_bytes;
  return is_large ? limits.large_timeout_ms : limits.timeout_ms;
}

void JobCenter::Stop(std::chrono::milliseconds grace) {
  is_stopping_ = true;
  roster_.StopAll(StopReason::kShutdown);
  bell_.Ring();
  {
    std::unique_lock lock(runners_mutex_);
    runners_ended_.wait_for(lock, grace,
                            [this]() NO_THREAD_SAFETY_ANALYSIS { return runners_alive_ == 0; });
  }
  // Those that did not end in time: their last words will be refused.
  for (const std::shared_ptr<ActiveRun>& run : roster_.all()) {
    if (ledger_.Return({run->job(), run->attempt()})) {
      parts_.log.Warning("job {} did not stop in time; it is queued again", run->job());
    }
  }
  EndThreads();
}

void JobCenter::EndThreads() {
  for (std::jthread& thread : threads_) thread.request_stop();
  const MutexLock lock(runners_mutex_);
  for (std::jthread& thread : runners_) thread.request_stop();
}

void JobCenter::RunnerLoop(const std::stop_token& stop) {
  while (!stop.stop_requested() && !is_stopping_) {
    const uint64_t seen = bell_.rings();
    Step step = Step::kTrouble;
    Try("running a job", [&] { step = RunNext(); });
    if (step == Step::kTrouble) bell_.Sleep(kTroubleTime, stop);
    if (step != Step::kNothing) continue;
    if (!is_stopping_) bell_.Wait(seen, dispatcher_.Patience(), stop);
  }
  MutexLock lock(runners_mutex_);
  --runners_alive_;
  runners_ended_.notify_all();
}

JobCenter::Step JobCenter::RunNext() {
  if (is_stopping_) return Step::kNothing;
  Result<std::optional<ClaimedJob>> claimed = dispatcher_.Claim();
  if (!claimed) {
    parts_.log.Error("no job can be started: {}", claimed.error().message);
    return Step::kTrouble;
  }
  if (!*claimed) return Step::kNothing;
  Changed();
  if ((*claimed)->run == nullptr) {
    NoteEnd((*claimed)->job);
    return Step::kRan;
  }
  // Stop may have looked at the roster just before this run was in it.
  const std::shared_ptr<ActiveRun> run = (*claimed)->run;
  // Whatever becomes of it: what nobody has is queued again by Reclaim.
  const auto leave = [this](ActiveRun* left) { roster_.Remove(left); };
  std::unique_ptr<ActiveRun, decltype(leave)> in_roster(run.get(), leave);
  if (is_stopping_) run->Stop(StopReason::kShutdown);
  Work(**claimed);
  NoteMemory(*run);
  in_roster.reset();  // before others are woken, who look there for room
  Changed();
  return run->reason() == StopReason::kStorage ? Step::kTrouble : Step::kRan;
}

void JobCenter::Work(const ClaimedJob& claimed) {
  const Job& job = claimed.job;
  parts_.log.Info("job {} starts, attempt {}", job.id, job.attempt);
  Result<Transcript> result = Contain([&] {
    JobRun run(tools_, job, claimed.run, [this, &claimed](double audio_s) {
      throughput_.Add(parts_.clock.SteadyMs(), audio_s);
      if (claimed.run->LeaveAlone()) Changed();
    });
    return run.Run();
  });
  const Result<Job> settled = Settle(claimed, std::move(result));
  if (options_.runs.on_end) options_.runs.on_end(settled ? *settled : job);
  if (!settled) {
    if (settled.error().code == ErrorCode::kConflict) return;  // ended by others
    // Reclaim finds it once the store answers again.
    parts_.log.Error("job {}: its end can't be stored: {}", job.id, settled.error().message);
    claimed.run->Stop(StopReason::kStorage);
    return;
  }
  if (IsFinal(settled->state)) NoteEnd(*settled);
}

Result<Job> JobCenter::Settle(const ClaimedJob& claimed, Result<Transcript> result) {
  const Ledger::Attempt attempt{claimed.job.id, claimed.job.attempt};
  const StopReason reason = claimed.run->reason();
  if (reason == StopReason::kAbandoned || reason == StopReason::kCancelled ||
      reason == StopReason::kLost) {
    return Fail(ErrorCode::kConflict, "the job is in other hands");
  }
  if (result && reason != StopReason::kStorage) {
    return ledger_.Complete(attempt, *std::move(result));
  }
  switch (reason) {
    case StopReason::kStalled:
      parts_.log.Info("job {} waits for the whole of its file, which came too slowly", attempt.job);
      dispatcher_.AwaitWhole(attempt.job);
      return ledger_.Return(attempt);
    case StopReason::kShutdown:
    case StopReason::kStorage: return ledger_.Return(attempt);
    case StopReason::kTimeout:
      return ledger_.Fail(
          attempt, {"timeout", fmt::format("It was not done within {} minutes. What was done is "
                                           "kept: tried again, it goes on from there.",
                                           LimitOf(*claimed.run) / 60'000)});
    default: break;
  }
  if (claimed.run->was_early()) return Restart(attempt, result.error());
  return ledger_.Fail(attempt, Explain(claimed.job, result.error()));
}

// Bytes may have been taken back after they were read, or the file is not what its head promised.
// Whole, it gets another try that owes nothing to this one.
Result<Job> JobCenter::Restart(const Ledger::Attempt& attempt, const Error& error) {
  parts_.log.Warning("job {} starts anew once its file is whole: {}", attempt.job, error.message);
  dispatcher_.AwaitWhole(attempt.job);
  TRY_VOID(ledger_.DropWindows(attempt));
  return ledger_.Return(attempt);
}

// What a client is told; what only the operator may know stays in the log.
JobFailure JobCenter::Explain(const Job& job, const Error& error) {
  const std::string code(ErrorCodeName(error.code));
  parts_.log.Warning("job {} failed: {}: {}", job.id, code, error.message);
  switch (error.code) {
    case ErrorCode::kInternal:
    case ErrorCode::kCorruptDatabase:
    case ErrorCode::kIo:
    case ErrorCode::kCancelled:
      return {code, "The server could not do its work; its log says why."};
    case ErrorCode::kCorruptModel:
      return {code, "The model's files are damaged; the server's log says which."};
    default: return {code, error.message};
  }
}

void JobCenter::NoteEnd(const Job& job) {
  retention_due_ms_ = 0;
  const double waited_s =
      SecondsBetween(job.created_ms, job.started_ms > 0 ? job.started_ms : job.finished_ms);
  const double worked_s = SecondsBetween(job.started_ms, job.finished_ms);
  const double audio_s = static_cast<double>(job.duration_ms) / 1000;
  parts_.log.Info("job {} {}: {:.1f} s of audio in {:.1f} s", job.id, JobStateName(job.state),
                  audio_s, worked_s);
  parts_.metrics.OnJobEnded(JobStateName(job.state), waited_s, worked_s, audio_s);
}

void JobCenter::NoteMemory(const ActiveRun& run) {
  const MemoryUse use = run.memory_use();
  if (use.peak_bytes == 0) return;
  memory_errors_.Add(use.error());
  parts_.log.Debug("job {}: {} MB at most, {} MB were predicted ({:+.0f} %)", run.job(),
                   use.peak_bytes / 1'000'000, use.predicted_bytes / 1'000'000, use.error() * 100);
}

void JobCenter::MeasureMemory() {
  const std::vector<std::shared_ptr<ActiveRun>> runs = roster_.all();
  if (runs.empty() || !options_.held_bytes) return;
  const MemoryUse now{admission_.Predicted(), options_.held_bytes()};
  for (const std::shared_ptr<ActiveRun>& run : runs) run->NoteMemory(now);
}

void JobCenter::Changed() {
  is_changed_ = true;
  bell_.Ring();
}

void JobCenter::RefreshCounts() {
  const Result<void> counted = parts_.database.Read([this](Connection& connection) -> Result<void> {
    oldest_queued_ms_ = TRY(store::OldestQueuedJob(connection));
    queued_ = static_cast<int>(TRY(store::CountJobs(connection, JobState::kQueued)));
    running_ = static_cast<int>(TRY(store::CountJobs(connection, JobState::kRunning)));
    return {};
  });
  if (!counted) return;
  parts_.metrics.SetJobs(queued_, running_);
  const int busy = static_cast<int>(roster_.count());
  parts_.metrics.SetWorkers(busy, std::max(limits_.Get().runners - busy, 0));
}

void JobCenter::Tick() {
  const int64_t now_ms = parts_.clock.SteadyMs();
  for (const std::shared_ptr<ActiveRun>& run : roster_.all()) {
    run->CheckTime(now_ms, {LimitOf(*run), kStallMs});
  }
  MeasureMemory();
  if (now_ms >= heartbeat_due_ms_) {
    heartbeat_due_ms_ = now_ms + options_.heartbeat_ms;
    RenewLeases();
  }
  if (is_changed_.exchange(false)) RefreshCounts();
}

void JobCenter::RenewLeases() {
  const std::vector<Ledger::Attempt> attempts = AttemptsOf(roster_);
  if (!attempts.empty()) {
    const Result<std::vector<Ledger::Attempt>> lost = ledger_.Renew(attempts);
    if (!lost) parts_.log.Error("leases can't be renewed: {}", lost.error().message);
    for (const Ledger::Attempt& attempt : lost ? *lost : std::vector<Ledger::Attempt>{}) {
      const std::shared_ptr<ActiveRun> run = roster_.Find(attempt.job);
      if (run && run->attempt() == attempt.number) run->Stop(StopReason::kLost);
    }
  }
  // A job of this server's that no run has could not be given back; another's is over with its
  // lease.
  const Result<std::vector<Job>> reclaimed = ledger_.Reclaim([this](const Job& job) {
    if (job.owner != ledger_.server()) return parts_.clock.SteadyMs() < job.lease_until_ms;
    const std::shared_ptr<ActiveRun> run = roster_.Find(job.id);
    if (run != nullptr && run->attempt() == job.attempt) return true;
    return is_stopping_.load();  // at the end runs leave their jobs as they are
  });
  if (!reclaimed) return;
  for (const Job& job : *reclaimed) {
    parts_.log.Warning("job {} had nobody who worked on it; it is queued again", job.id);
  }
  if (!reclaimed->empty()) Changed();
}

void JobCenter::Sweep() {
  const int64_t now_ms = parts_.clock.SteadyMs();
  const int64_t jump_ms = clock_jumps_.Look(parts_.clock.WallMs(), now_ms);
  if (std::abs(jump_ms) >= ClockJumps::kJumpMs) {
    parts_.log.Warning("the clock was set {} by {} minutes{}", jump_ms > 0 ? "forward" : "back",
                       std::abs(jump_ms) / 60'000,
                       jump_ms > 0 ? ": for a day nothing is removed for its age" : "");
  }
  if (clock_jumps_.IsBelieved(now_ms)) RemoveAged();
  const Result<void> trimmed = parts_.database.Write(
      [](Connection& connection) { return store::TrimEvents(connection, kEventsKept); });
  if (!trimmed) parts_.log.Warning("old events stay: {}", trimmed.error().message);
}

void JobCenter::RemoveAged() {
  if (const Result<std::vector<Job>> failed = ledger_.FailExpired()) {
    for (const Job& job : *failed) NoteEnd(job);
    if (!failed->empty()) Changed();
  }
  Retain();
  const Result<int> removed = parts_.uploads.RemoveExpired();
  if (!removed) parts_.log.Warning("expired uploads stay: {}", removed.error().message);
  if (removed && *removed > 0) parts_.log.Info("{} uploads have expired", *removed);
}

}  // namespace verbatim::jobs
