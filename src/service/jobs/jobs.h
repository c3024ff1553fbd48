// The queue and what works on it. A job is a row in the ledger from the moment it is accepted to
// its end; runners claim it under a lease, store each finished window, and finish it once. A crash
// resumes in the middle of a file; a job that crashes the server three times without getting on is
// given up.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "jobs/engine_cache.h"
#include "jobs/job_labels.h"
#include "jobs/job_options.h"
#include "metrics/metrics.h"
#include "store/database.h"
#include "store/jobs.h"
#include "upload/uploads.h"

namespace verbatim::jobs {

// What the machine has for jobs now. Unit: bytes.
struct MemoryNow {
  uint64_t available_bytes = 0;  // without pushing others out
  uint64_t held_bytes = 0;       // by this process
  double safety_factor = 0.8;    // memory_safety_factor
  bool is_closed = false;        // memory is so short that no job starts
  uint64_t window_bytes = 0;     // that windows of jobs are fitted to; 0: what the system says
};

// A run that begins: its model is loaded, nothing of its file is read.
struct RunStart {
  store::Job job;
  JobOptions options;
  std::string filename;
  uint64_t file_bytes = 0;     // received so far, if it is not whole
  bool is_file_whole = false;  // it need not wait for its file
  pipeline::Engine::Shape shape;
  uint64_t engine_bytes = 0;  // that the engine expects to take; 0: unknown
};

// For who learns from runs. Called by the runners; may be empty.
struct RunEvents {
  std::function<void(const RunStart&)> on_start;
  // Of each run, also one that had no start: the job as it is stored then, or as it was if others
  // have it.
  std::function<void(const store::Job&)> on_end;
};

// What is let go, oldest first. 0: for ever; without a bound.
struct Retention {
  int64_t keep_ms = 0;        // ended jobs, since their end
  uint64_t keep_bytes = 0;    // files and transcripts of ended jobs, together
  int64_t keep_media_ms = 0;  // their files alone, since the end; transcripts stay
};

// What may change while jobs run.
struct JobLimits {
  int runners = 4;                       // jobs at the same time; they share the engine's workers
  size_t queued_max = 10'000;            // more are refused
  int64_t timeout_ms = 1'800'000;        // processing_timeout_seconds
  int64_t large_timeout_ms = 3'600'000;  // large_file_timeout_seconds
  bool chunk_size_optimization = true;   // windows fitted to file and memory; false: of 30 s
  std::string default_model = "base";    // of jobs that come from now on and name none
  Retention retention = {};
};

struct JobsOptions {
  JobLimits limits;
  int64_t lease_ms = 30'000;
  int64_t heartbeat_ms = 10'000;
  uint64_t large_file_bytes = 500'000'000;
  int crashes_max = 3;
  bool allows_webhooks = false;  // JobOptions::webhook
  RunEvents runs = {};
  // Called in the transaction that ends a job, but for ephemeral ones, with its JSON.
  std::function<Result<void>(store::Connection&, const store::Job&, const std::string& json)>
      on_ended = {};
  // None: every job starts, whatever memory there is.
  std::function<MemoryNow()> memory = {};
  // By this process; asked several times a second while jobs run.
  std::function<uint64_t()> held_bytes = {};
};

inline constexpr int kPriorityMin = -10;
inline constexpr int kPriorityMax = 10;

struct JobRequest {
  std::string upload;  // id, complete or still being received
  JobOptions options;
  int priority = 0;             // -10 .. 10
  std::string idempotency_key;  // empty: none
  bool is_ephemeral = false;
  std::string title = {};              // as CheckedTitle gives it
  std::vector<std::string> tags = {};  // as CheckedTags gives them
};

// A request of POST /api/jobs, or the one that an upload carries: the fields of JobOptions, and
// {"priority": 1, "title": "", "tags": [], "upload": ID}. Errors: kInvalidArgument with the field's
// name, its value and what is allowed.
Result<JobRequest> ParseJobRequest(std::string_view json);

struct Submitted {
  store::Job job;
  bool is_repeat = false;  // the same key and request came before: this is the job of then
};

// How fast a running job is. 0: not known (yet).
struct Pace {
  double speed = 0;  // seconds of audio per second
  double eta_s = 0;  // until its end
};

// Thread: any.
class Jobs {
 public:
  // Takes back the jobs that an earlier run of the server left running.
  static Result<std::unique_ptr<Jobs>> Open(JobsOptions options, store::Database& database,
                                            upload::Uploads& uploads, EngineCache& engines,
                                            metrics::Metrics& metrics, const Clock& clock,
                                            Log& log);
  virtual ~Jobs() = default;

  // Starts the runners and what keeps their leases.
  virtual void Start() = 0;

  // No job is started any more; those running are stopped at the next window, their leases
  // returned. Returns when all runners have ended, at most after `grace`.
  virtual void Stop(std::chrono::milliseconds grace) = 0;

  // From now on, also for jobs that run: time-outs count for them, and where there are more of them
  // than there may be, no further one starts before enough have ended.
  virtual void SetLimits(const JobLimits& limits) = 0;

  // Errors: kNotFound (no such upload), kConflict (the key was used for another request),
  // kInvalidArgument (options, model), kBusy (the queue is full, or the server stops).
  virtual Result<Submitted> Submit(const JobRequest& request) = 0;

  // To be told of every upload that completes, in the transaction that does it. Creates the job
  // that the upload asks for, if any, and starts those that wait for it.
  virtual Result<void> SubmitFor(store::Connection& connection, const store::Upload& upload) = 0;

  // Asks a job to end; a queued one ends at once, a running one within a second.
  // Errors: kNotFound; kConflict if it has ended.
  virtual Result<store::Job> Cancel(const std::string& id) = 0;

  // Queues a failed or cancelled job again; windows done are kept.
  // Errors: kNotFound; kConflict if it is queued, running or completed.
  virtual Result<store::Job> Retry(const std::string& id) = 0;

  // All of a change or nothing. Errors: kNotFound; kConflict if it has ended and the priority is to
  // be changed; kInvalidArgument.
  virtual Result<store::Job> Change(const std::string& id, const JobChange& change) = 0;

  // Removes a job that has ended, with its transcript, and its upload if no other job has it.
  // Errors: kNotFound; kConflict if it is still queued or running.
  virtual Result<void> Delete(const std::string& id) = 0;

  // Why a queued job does not run yet, in a sentence; empty: it does.
  virtual std::string WhyWaiting(const store::Job& job) = 0;

  // Of a running job; nothing for any other.
  virtual Pace PaceOf(const std::string& id) = 0;

  struct Load {
    int queued = 0;
    int running = 0;
    double realtime_factor = 0;  // seconds of audio per second, over the last minute
    double oldest_wait_s = 0;    // of the queued
    uint64_t windows = 0;        // computed since the start
    double audio_s = 0;          // seconds of audio in them
    // By which share predictions of memory were wrong, on average over the newest jobs; none
    // before the first.
    std::optional<double> memory_prediction_error;
  };
  virtual Load load() = 0;
};

// A job as clients see it, as JSON: the same in the API and in events.
std::string JobJson(const store::Job& job, const std::string& filename,
                    const std::string& why_waiting, const Pace& pace = {});

}  // namespace verbatim::jobs
