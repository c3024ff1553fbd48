// The runs at work in this server: who can be stopped, how fast they are, and since when their time
// counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/mutex.h"
#include "jobs/impl/memory_use.h"
#include "jobs/jobs.h"

namespace verbatim::jobs {

// Why a run was stopped.
enum class StopReason {
  kNone,
  kCancelled,  // by a client; the ledger says so already
  kLost,       // the ledger has given the job to another, or ended it
  kTimeout,
  kShutdown,   // the server stops; the job goes back to the queue
  kStalled,    // its upload does not get on; the job waits for the whole of it
  kStorage,    // what was computed could not be stored
  kAbandoned,  // the server ends without a word: nothing is written any more
};

struct TimeLimits {
  int64_t work_ms = 0;
  int64_t stall_ms = 0;  // without a byte of a file that is still received
};

// What a run takes: its model, and memory of its own besides.
struct RunNeeds {
  std::string model;
  uint64_t bytes = 0;
  bool is_alone = false;  // until its first window: nothing starts beside it
};

// One attempt at a job. Thread: any.
class ActiveRun {
 public:
  ActiveRun(std::string job, int attempt, int64_t now_ms, uint64_t file_bytes, RunNeeds needs = {})
      : job_(std::move(job)),
        attempt_(attempt),
        file_bytes_(file_bytes),
        needs_(std::move(needs)),
        is_alone_(needs_.is_alone),
        counted_from_ms_(now_ms) {}

  const std::string& job() const { return job_; }
  int attempt() const { return attempt_; }
  // As the file was known to be when it began.
  uint64_t file_bytes() const { return file_bytes_; }
  const RunNeeds& needs() const { return needs_; }
  // Whether nothing may start beside it now.
  bool is_alone() const { return is_alone_; }
  // It gets on. Returns whether it was alone.
  bool LeaveAlone() { return is_alone_.exchange(false); }
  std::stop_token stop_token() const { return stop_.get_token(); }

  // Ends it; the first reason counts.
  void Stop(StopReason reason);
  StopReason reason() const;

  // Its bytes, once they are open.
  void Watch(std::shared_ptr<ByteSource> source);
  // Whether its file was not whole when it began.
  bool was_early() const;

  // Stops it for good if it takes too long. Time counts from when the whole file is there; a file
  // that does not grow for too long sends the job back. Called now and then. Unit: steady clock.
  void CheckTime(int64_t now_ms, const TimeLimits& limits);

  // What the process holds now, and what was predicted: the most of each is kept.
  void NoteMemory(const MemoryUse& now);
  MemoryUse memory_use() const;

  void SetPace(const Pace& pace);
  Pace pace() const;

 private:
  const std::string job_;
  const int attempt_;
  const uint64_t file_bytes_;
  const RunNeeds needs_;
  std::atomic<bool> is_alone_;
  std::stop_source stop_;
  mutable Mutex mutex_;
  StopReason reason_ GUARDED_BY(mutex_) = StopReason::kNone;
  std::shared_ptr<ByteSource> source_ GUARDED_BY(mutex_);
  bool was_early_ GUARDED_BY(mutex_) = false;
  uint64_t received_ GUARDED_BY(mutex_) = 0;
  std::optional<int64_t> grown_ms_ GUARDED_BY(mutex_);
  int64_t counted_from_ms_ GUARDED_BY(mutex_);
  Pace pace_ GUARDED_BY(mutex_);
  MemoryUse memory_use_ GUARDED_BY(mutex_);
};

// Thread: any.
class Roster {
 public:
  void Add(std::shared_ptr<ActiveRun> run);
  void Remove(const ActiveRun* run);

  std::vector<std::shared_ptr<ActiveRun>> all() const;
  size_t count() const;
  // Whether a run has to be alone.
  bool is_closed() const;
  // Any attempt, also one that was stopped and has not ended yet. Null: none.
  std::shared_ptr<ActiveRun> Find(const std::string& job) const;

  void StopAll(StopReason reason);

 private:
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<ActiveRun>> runs_ GUARDED_BY(mutex_);
};

}  // namespace verbatim::jobs
