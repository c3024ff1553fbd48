// The queue and what works on it, as one object; tests drive it step by step, without threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/latest.h"
#include "base/mutex.h"
#include "jobs/impl/admission.h"
#include "jobs/impl/bell.h"
#include "jobs/impl/clock_jumps.h"
#include "jobs/impl/dispatcher.h"
#include "jobs/impl/job_run.h"
#include "jobs/impl/ledger.h"
#include "jobs/impl/memory_use.h"
#include "jobs/impl/roster.h"
#include "jobs/impl/throughput.h"
#include "jobs/jobs.h"

namespace verbatim::jobs {

class JobCenter final : public Jobs {
 public:
  struct Parts {
    store::Database& database;
    upload::Uploads& uploads;
    EngineCache& engines;
    metrics::Metrics& metrics;
    const Clock& clock;
    Log& log;
  };
  JobCenter(JobsOptions options, const Parts& parts);
  // Without Stop: as if the server were killed; nothing more is written.
  ~JobCenter() override;

  // Before Start.
  Result<void> Recover();

  void Start() override;
  void Stop(std::chrono::milliseconds grace) override;
  void SetLimits(const JobLimits& limits) override;
  Result<Submitted> Submit(const JobRequest& request) override;
  Result<void> SubmitFor(store::Connection& connection, const store::Upload& upload) override;
  Result<store::Job> Cancel(const std::string& id) override;
  Result<store::Job> Retry(const std::string& id) override;
  Result<store::Job> Change(const std::string& id, const JobChange& change) override;
  Result<void> Delete(const std::string& id) override;
  std::string WhyWaiting(const store::Job& job) override;
  Pace PaceOf(const std::string& id) override;
  Load load() override;

  // Ends all runs as a crash would: nothing they do is written from now on.
  void Abandon();

  enum class Step {
    kRan,      // a job, to its end
    kNothing,  // may start
    kTrouble,  // the store does not answer as it should
  };
  // Claims the next job and runs it on this thread.
  Step RunNext();

  // What the clock brings: time-outs, leases, counts. Called several times a second.
  void Tick();

  // Removes what has expired, what is let go, and events that nobody will ask for. Called once a
  // minute.
  void Sweep();

 private:
  // As many threads as jobs may run; they stay.
  void AddRunners(int count) REQUIRES(runners_mutex_);
  void EndThreads();
  void RunnerLoop(const std::stop_token& stop);
  // What fails is logged: the thread goes on.
  void Try(std::string_view doing, const std::function<void()>& work);
  void Work(const ClaimedJob& claimed);
  // Writes how a run has ended. Returns the job as it is then.
  Result<store::Job> Settle(const ClaimedJob& claimed, Result<transcript::Transcript> result);
  Result<store::Job> Restart(const Ledger::Attempt& attempt, const Error& error);
  JobFailure Explain(const store::Job& job, const Error& error);
  void NoteEnd(const store::Job& job);
  void NoteMemory(const ActiveRun& run);
  void Changed();
  void RefreshCounts();
  void RenewLeases();
  // How long it may be worked on.
  int64_t LimitOf(const ActiveRun& run) const;
  void RemoveUpload(const std::string& id);
  // What JobLimits::retention says, hourly and after a job has ended.
  void Retain();
  Result<void> RemoveOld(int64_t keep_ms);
  Result<void> RemoveSurplus(uint64_t keep_bytes);
  Result<void> ReleaseMedia(int64_t keep_ms);
  void MeasureMemory();
  // What has expired, and what is let go.
  void RemoveAged();

  Result<JobOptions> Check(const JobRequest& request);
  // The part of Submit that is one transaction.
  Result<Submitted> Admit(store::Connection& connection, const JobRequest& request,
                          const JobOptions& options);
  // Errors: kBusy (the queue is full).
  Result<void> FindRoom(store::Connection& connection);
  store::Job MakeJob(const JobRequest& request, const JobOptions& options) const;
  Result<int64_t> QueuePosition(const std::string& id);

  const JobsOptions options_;
  Latest<JobLimits> limits_;
  const Parts parts_;
  Ledger ledger_;
  Roster roster_;
  Admission admission_;
  Dispatcher dispatcher_;
  const RunTools tools_;
  Throughput throughput_;
  ClockJumps clock_jumps_;  // Sweep's
  MemoryErrors memory_errors_;
  Bell bell_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> is_changed_ = false;  // since the counts were taken
  std::atomic<int> queued_ = 0;
  std::atomic<int> running_ = 0;
  std::atomic<int64_t> queued_most_ = INT64_MAX / 2;  // no more are queued: not counted yet
  std::atomic<int64_t> oldest_queued_ms_ = 0;         // when it was made; 0: none is queued
  std::atomic<int64_t> heartbeat_due_ms_ = 0;
  std::atomic<int64_t> retention_due_ms_ = 0;

  // The queue as it was a moment ago: lists of jobs ask for many positions at once.
  Mutex order_mutex_;
  std::vector<std::string> order_ GUARDED_BY(order_mutex_);
  uint64_t order_rings_ GUARDED_BY(order_mutex_) = 0;
  int64_t order_ms_ GUARDED_BY(order_mutex_) = INT64_MIN;

  Mutex runners_mutex_;
  ConditionVariable runners_ended_;
  int runners_alive_ GUARDED_BY(runners_mutex_) = 0;
  bool has_started_ GUARDED_BY(runners_mutex_) = false;
  // Last: they end first.
  std::vector<std::jthread> runners_ GUARDED_BY(runners_mutex_);
  std::vector<std::jthread> threads_;
};

}  // namespace verbatim::jobs
