// Which job is next: by priority, then age. A job whose file is still being received may start if
// the file can be read in order, and if that leaves a runner free for files that are whole: so a
// slow upload never holds up the others. The next job waits until there is memory for it, and those
// behind it with it. A job that would be given up if the server ended once more starts alone, so
// that it is to blame if it is: one that only ran beside the culprit gets on, and is none any more.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/latest.h"
#include "base/mutex.h"
#include "jobs/impl/admission.h"
#include "jobs/impl/container.h"
#include "jobs/impl/ledger.h"
#include "jobs/impl/roster.h"
#include "jobs/jobs.h"
#include "store/database.h"
#include "upload/uploads.h"

namespace verbatim::jobs {

// A job that this server works on now; without a run if a stored transcript made it complete.
struct ClaimedJob {
  store::Job job;
  std::shared_ptr<ActiveRun> run;
};

// Thread: any, one at a time claims.
class Dispatcher {
 public:
  Dispatcher(const Latest<JobLimits>& limits, int crashes_max, Ledger& ledger,
             store::Database& database, upload::Uploads& uploads, Roster& roster,
             Admission& admission, const Clock& clock)
      : limits_(limits),
        crashes_max_(crashes_max),
        ledger_(ledger),
        database_(database),
        uploads_(uploads),
        roster_(roster),
        admission_(admission),
        clock_(clock) {}

  // Claims the next job, and enters its run in the roster. None: there is nothing that may start.
  Result<std::optional<ClaimedJob>> Claim();

  // From now on the job starts only with its file whole.
  void AwaitWhole(const std::string& job);

  // How long to wait before the next Claim after one that found nothing, unless something happens.
  std::chrono::milliseconds Patience() const;

  // Why the next job does not start, if it was this one when last looked; else empty.
  std::string WhyRefused(const std::string& job) const;

 private:
  struct Candidate {
    store::Job job;
    std::optional<uint64_t> upload_length;
    bool is_whole = true;
  };
  struct Candidates {
    std::vector<Candidate> list;
    bool is_all = true;  // the queue has no more
  };
  // The first jobs of the queue that may start, up to the first whose file is whole.
  Result<Candidates> Look(size_t count) REQUIRES(mutex_);
  Result<Candidates> LookIn(store::Connection& connection, size_t count) REQUIRES(mutex_);
  Result<bool> MayStart(const Candidate& candidate) REQUIRES(mutex_);
  // Whether one more end of the server would end it as well.
  bool IsSuspect(const store::Job& job) const;
  RunNeeds NeedsOf(const Candidate& candidate) const;
  std::optional<std::string> Refuse(const Candidate& candidate, const RunNeeds& needs);
  Result<std::optional<ClaimedJob>> Take(const Candidate& candidate, RunNeeds needs);

  const Latest<JobLimits>& limits_;
  const int crashes_max_;
  Ledger& ledger_;
  store::Database& database_;
  upload::Uploads& uploads_;
  Roster& roster_;
  Admission& admission_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::set<std::string> awaiting_whole_ GUARDED_BY(mutex_);        // ids of jobs
  std::map<std::string, ReadingOrder> orders_ GUARDED_BY(mutex_);  // of uploads still received
  bool is_awaiting_bytes_ GUARDED_BY(mutex_) = false;  // a job waits for nothing but its file
  bool is_cut_short_ GUARDED_BY(mutex_) = false;       // not all of the queue was looked at
  int64_t long_look_ms_ GUARDED_BY(mutex_) = 0;        // when the next one is due. Steady clock
  struct Refusal {
    std::string job;
    std::string reason;
  };
  Refusal refusal_ GUARDED_BY(mutex_);
};

}  // namespace verbatim::jobs
