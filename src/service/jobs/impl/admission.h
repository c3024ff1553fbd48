// Whether there is memory for one more job: what it is predicted to take against what may be
// planned for, which is memory_safety_factor times what is available, less what running jobs have
// not taken yet of what was predicted for them. A job takes its own reading and text; the workers
// of its model, if no other job uses it; and the model, if it is not loaded. With nothing else
// running a job starts all the same, in the smallest shape, so that nothing waits for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "jobs/engine_cache.h"
#include "jobs/impl/roster.h"
#include "jobs/jobs.h"
#include "store/jobs.h"

namespace verbatim::jobs {

// What a job of a file takes besides its model. Unit: bytes.
uint64_t JobBytes(uint64_t file_bytes);

// Thread: any; one at a time asks Refuse.
class Admission {
 public:
  // All outlive it. What the process holds now is what it holds without jobs.
  Admission(const JobsOptions& options, EngineCache& engines, const Roster& roster,
            const Clock& clock, Log& log);

  // Why a job has to wait, in a sentence; none: it may start. Idle models go where that helps.
  std::optional<std::string> Refuse(const store::Job& job, const RunNeeds& needs);

  // What the process should hold at most with all that runs now. Unit: bytes, 0 = nothing known.
  uint64_t Predicted() const;

 private:
  bool IsPatient(bool is_closed);
  // What the needs add to what runs.
  uint64_t Added(const RunNeeds& needs) const;
  uint64_t Plannable(const MemoryNow& memory) const;

  const JobsOptions& options_;
  EngineCache& engines_;
  const Roster& roster_;
  const Clock& clock_;
  Log& log_;
  const uint64_t idle_bytes_;           // of the process without models and jobs
  std::optional<int64_t> alone_since_;  // closed, with nothing running
};

}  // namespace verbatim::jobs
