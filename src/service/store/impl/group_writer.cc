#include "store/impl/group_writer.h"

#include <utility>

#include "base/contain.h"
#include "base/crash_point.h"

namespace verbatim::store {
namespace {

// So that the first of many does not wait for ever.
constexpr int kMembersMax = 64;

}  // namespace

// One work within the group, which it leaves with the scope, also when the work threw: the others
// wait for it.
class GroupWriter::Member {
 public:
  explicit Member(GroupWriter& writer) : writer_(writer) {}
  ~Member() NO_THREAD_SAFETY_ANALYSIS {
    const Result<void> left = Contain([this]() NO_THREAD_SAFETY_ANALYSIS { writer_.Leave(done_); });
    if (!left) writer_.GiveUp(left);
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // What came of the work; outlives this.
  void Finish(const Result<void>& done) { done_ = &done; }

 private:
  GroupWriter& writer_;
  const Result<void>* done_ = nullptr;
};

GroupWriter::GroupWriter(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

void GroupWriter::OnEvents(std::function<void(const std::vector<Event>&)> listener) {
  const MutexLock lock(mutex_);
  listener_ = std::move(listener);
}

Result<void> GroupWriter::Run(const std::function<Result<void>(Connection&)>& work) {
  ++arriving_;
  const MutexLock lock(mutex_);
  --arriving_;
  if (!group_) {
    auto opened = std::make_shared<Group>();  // may throw, so before there is a transaction
    TRY_VOID(connection_->Begin());
    CrashPoint("ledger.begin");
    group_ = std::move(opened);
  }
  const std::shared_ptr<Group> group = group_;
  Result<void> done;
  {
    Member member(*this);
    if (group->kept > 0) done = connection_->BeginPart();
    if (done) done = work(*connection_);
    member.Finish(done);
  }
  while (!group->is_over) changed_.wait(mutex_);
  // A work that failed may have seen what did not become true.
  return group->result ? done : group->result;
}

void GroupWriter::Leave(const Result<void>* done) {
  const bool is_done = done != nullptr && *done;
  if (!connection_->is_in_transaction()) {
    // SQLite has rolled back everything by itself, as it does when the disk is full.
    if (done != nullptr && !*done) return GiveUp(*done);
    return GiveUp(Fail(ErrorCode::kInternal, "the database took back what was written"));
  }
  if (group_->kept > 0) {
    const Result<void> ended = is_done ? connection_->KeepPart() : connection_->TakeBackPart();
    if (!ended) return GiveUp(ended);
  } else if (!is_done) {
    return GiveUp({});  // of nobody else
  }
  if (is_done) ++group_->kept;
  if (arriving_ > 0 && group_->kept < kMembersMax) return;  // the next one takes care of it
  Commit();
}

void GroupWriter::Commit() {
  const std::vector<Event> appended = std::exchange(connection_->appended(), {});
  CrashPoint("ledger.commit");
  Result<void> committed = connection_->Commit();
  const bool is_committed = committed.has_value();
  if (is_committed) CrashPoint("ledger.committed");
  End(std::move(committed));
  // Still under the lock, so that no later commit is told first. What it fails at is not the
  // commit's failure.
  if (is_committed && listener_ && !appended.empty()) {
    static_cast<void>(Contain([&]() NO_THREAD_SAFETY_ANALYSIS { listener_(appended); }));
  }
}

void GroupWriter::GiveUp(Result<void> result) {
  if (!group_) return;  // it is over already
  connection_->Rollback();
  End(std::move(result));
}

void GroupWriter::End(Result<void> result) {
  group_->result = std::move(result);
  group_->is_over = true;
  group_.reset();
  changed_.notify_all();
}

}  // namespace verbatim::store
