// The writing connection, shared by many threads: what several of them write while the disk is busy
// is committed together, so that they wait for it once and not one after another. Each work runs on
// its own thread, one at a time, and sees what those before it did; one that fails takes back its
// own changes alone. No thread hears of success before the disk has confirmed the commit.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "store/event.h"
#include "store/impl/connection.h"

namespace verbatim::store {

class GroupWriter {
 public:
  explicit GroupWriter(std::unique_ptr<Connection> connection);

  // As Database::Write. Errors: those of `work`; those of the commit that it shares.
  // Thread: any.
  Result<void> Run(const std::function<Result<void>(Connection&)>& work);

  // As Database::OnEvents.
  void OnEvents(std::function<void(const std::vector<Event>&)> listener);

  // Threads whose work has yet to run. Thread: any.
  int arriving() const { return arriving_; }

 private:
  // Those whose changes are committed together.
  struct Group {
    int kept = 0;          // works whose changes are part of it
    bool is_over = false;  // committed or rolled back: as `result` says
    Result<void> result;
  };
  class Member;

  void Leave(const Result<void>* done) REQUIRES(mutex_);  // null: the work threw
  void Commit() REQUIRES(mutex_);
  void GiveUp(Result<void> result) REQUIRES(mutex_);
  void End(Result<void> result) REQUIRES(mutex_);

  Mutex mutex_;
  ConditionVariable changed_;
  // They are on their way to mutex_; the last of them commits.
  std::atomic<int> arriving_ = 0;
  const std::unique_ptr<Connection> connection_;     // used under mutex_
  std::shared_ptr<Group> group_ GUARDED_BY(mutex_);  // that is open; none: no transaction
  std::function<void(const std::vector<Event>&)> listener_ GUARDED_BY(mutex_);
};

}  // namespace verbatim::store
