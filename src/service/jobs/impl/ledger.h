// What happens to jobs in the store: each method is one transaction, tells its event in it, and
// what a run writes is refused once the run has lost its job (store/jobs.h, fencing).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "jobs/jobs.h"
#include "store/database.h"
#include "store/jobs.h"
#include "store/uploads.h"
#include "transcript/transcript.h"

namespace verbatim::jobs {

// How a run has failed, as stored with the job.
struct JobFailure {
  std::string code;     // stable: an error's name, "timeout" or "poison"
  std::string message;  // a sentence
};

// Thread: any.
class Ledger {
 public:
  // `server`: the name of this run of the server.
  Ledger(store::Database& database, const Clock& clock, std::string server, int64_t lease_ms)
      : database_(database), clock_(clock), server_(std::move(server)), lease_ms_(lease_ms) {}

  using OnEnded =
      std::function<Result<void>(store::Connection&, const store::Job&, const std::string& json)>;
  // Set before use: JobsOptions::on_ended.
  void TellEnds(OnEnded on_ended) { on_ended_ = std::move(on_ended); }

  const std::string& server() const { return server_; }

  // Takes back what earlier runs of the server left running: queued again, or failed as "poison"
  // after `crashes_max` attempts that ended without a word and finished no window. Ephemeral jobs,
  // whose clients are gone, are deleted. Returns the jobs changed.
  Result<std::vector<store::Job>> Recover(int crashes_max);

  // Enters a new job, or what it became at once by reuse.
  Result<store::Job> Enter(store::Connection& connection, store::Job job);

  struct Attempt {
    std::string job;
    int number = 0;
  };
  // Queued -> running under a lease, as this attempt; straight to completed if a stored transcript
  // will do. None: it is not queued any more, or other attempts came between.
  Result<std::optional<store::Job>> Claim(const Attempt& attempt);

  // The methods from here to DropWindows fail with kConflict if the attempt has lost its job.
  // Renews the leases; returns the attempts that have lost their job.
  Result<std::vector<Attempt>> Renew(const std::vector<Attempt>& attempts);
  Result<void> StorePlan(const Attempt& attempt, const std::string& plan);
  // Changes the job by `change`, and stores in the same transaction what that adds.
  using Change = std::function<Result<void>(store::Connection&, store::Job&)>;
  Result<void> Update(const Attempt& attempt, const Change& change);
  Result<store::Job> Return(const Attempt& attempt);
  Result<store::Job> Fail(const Attempt& attempt, const JobFailure& failure);
  Result<store::Job> Complete(const Attempt& attempt, transcript::Transcript transcript);
  Result<void> DropWindows(const Attempt& attempt);

  // By clients. Errors: kNotFound; kConflict if the job's state does not allow it.
  Result<store::Job> Cancel(const std::string& id);
  Result<store::Job> Retry(const std::string& id);
  Result<store::Job> Relabel(const std::string& id, const JobChange& labels);
  // Returns the job as it was.
  Result<store::Job> Delete(const std::string& id);

  // Marks the files of uploads all of whose jobs ended before `ended_ms` as let go, of at most
  // `count`, and tells it of their jobs. Returns the ids of the uploads: the files may go now.
  Result<std::vector<std::string>> ReleaseMedia(int64_t ended_ms, size_t count);

  // Queued jobs whose upload has expired before it was complete fail; returns them.
  Result<std::vector<store::Job>> FailExpired();

  // Running jobs that nobody works on go back to the queue: a run could not say its last word.
  // `is_at_work` is asked within the transaction.
  Result<std::vector<store::Job>> Reclaim(const std::function<bool(const store::Job&)>& is_at_work);

 private:
  Result<void> ReleaseUpload(store::Connection& connection, store::Upload upload);
  Result<void> DropUpload(store::Connection& connection, const std::string& id);
  // Writes a job and tells it.
  Result<void> Put(store::Connection& connection, const store::Job& job);
  Result<void> Announce(store::Connection& connection, const store::Job& job);
  Result<store::Job> ChangeRunning(const Attempt& attempt, const Change& change);
  Result<store::Job> ChangeAny(const std::string& id, const Change& change);
  // The transcript of an equal job, if there is one; the job then says whose.
  Result<std::optional<transcript::Transcript>> Reuse(store::Connection& connection,
                                                      store::Job& job);
  Result<void> Finish(store::Connection& connection, store::Job& job,
                      transcript::Transcript transcript);

  store::Database& database_;
  const Clock& clock_;
  const std::string server_;
  const int64_t lease_ms_;
  OnEnded on_ended_;
};

// A job that is in nobody's hands.
void Release(store::Job& job);

// Keeps a complete upload for as long as a job has it.
Result<void> KeepUpload(store::Connection& connection, const std::string& id);

}  // namespace verbatim::jobs
