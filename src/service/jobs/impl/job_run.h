// One attempt at one job: from what is stored of it to its transcript, or to the reason why not.
// Every window is in the ledger, with the events that tell it, before the next step.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/latest.h"
#include "base/log.h"
#include "jobs/engine_cache.h"
#include "jobs/impl/ledger.h"
#include "jobs/impl/roster.h"
#include "jobs/impl/window_line.h"
#include "metrics/metrics.h"
#include "pipeline/transcribe.h"
#include "upload/uploads.h"

namespace verbatim::jobs {

// What runs share.
struct RunTools {
  Ledger& ledger;
  store::Database& database;
  upload::Uploads& uploads;
  EngineCache& engines;
  metrics::Metrics& metrics;
  const Clock& clock;
  Log& log;
  const Latest<JobLimits>& limits;
  const RunEvents& runs;
  const std::function<MemoryNow()>& memory;  // may be empty
};

// Thread: one; the engine's workers call back one at a time.
class JobRun {
 public:
  // `on_audio` is told of audio as it is finished. Unit: seconds.
  JobRun(const RunTools& tools, store::Job job, std::shared_ptr<ActiveRun> active,
         std::function<void(double)> on_audio);

  // Runs it. The transcript; or why there is none.
  Result<transcript::Transcript> Run();

 private:
  struct Stored {
    std::string filename;
    std::vector<store::StoredWindow> windows;
  };
  Result<Stored> LoadStored();
  // Takes over what earlier attempts have finished; all of it is dropped if it can't be read.
  Result<void> Resume(pipeline::FileRequest& request);
  pipeline::TranscribeEvents MakeEvents();
  void TellStart(const pipeline::Engine& engine, const pipeline::FileRequest& request);

  void OnPlan(const split::SplitPlan& plan);
  void OnWindow(const pipeline::WindowResult& result);
  void OnProgress(const pipeline::Progress& progress);
  // Moves the job's row on, and tells it if the last time is long enough ago.
  Result<void> Advance(store::Connection& connection, store::Job& job);
  Result<void> TellSegments(store::Connection& connection, int64_t index,
                            const std::vector<transcript::Segment>& segments);
  void UpdatePace();
  // After a write by this run.
  void Judge(const Result<void>& written);

  const RunTools& tools_;
  const store::Job job_;
  const JobOptions options_;
  const std::shared_ptr<ActiveRun> active_;
  const std::function<void(double)> on_audio_;
  const int64_t started_ms_;
  const Ledger::Attempt attempt_;
  WindowLine line_;
  SampleTime resumed_at_{0};  // audio that earlier attempts have finished
  pipeline::Progress progress_;
  std::optional<int64_t> told_ms_;  // when the last progress event was
  std::optional<Result<transcript::Transcript>> outcome_;
};

}  // namespace verbatim::jobs
