#include "upload/impl/session.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/contain.h"
#include "upload/impl/sources.h"

namespace verbatim::upload {
namespace {

constexpr std::chrono::seconds kPatience{10};

// A crash of the server costs the sender at most this much.
constexpr uint64_t kAcknowledgeBytes = 16 << 20;
constexpr int64_t kAcknowledgeMs = 1000;

// How much is written between two looks at the disk's free space, and two hints to write it.
constexpr uint64_t kDiskStep = 1 << 20;

Failure Evicted() { return Fail(ErrorCode::kCancelled, "another request took over this upload"); }

}  // namespace

// The time in which one caller has the session. It ends the session, also if memory runs out
// within, unless it is said to go on.
class Session::Work {
 public:
  explicit Work(Session& session) : session_(session) {}
  ~Work() {
    if (end_ == State::kEnded) session_.Close();
    session_.EndWork(end_);
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void GoOn() { end_ = State::kIdle; }

 private:
  Session& session_;
  State end_ = State::kEnded;
};

Session::Session(const SessionTools& tools, Begin begin)
    : tools_(tools),
      id_(std::move(begin.id)),
      live_(std::move(begin.live)),
      checksum_(std::move(begin.checksum)),
      on_evicted_(std::move(begin.on_evicted)) {}

Result<void> Session::Start(uint64_t offset) {
  TRY_VOID(BeginWork());
  Work work(*this);
  const store::Upload upload = TRY(tools_.ledger.Find(id_));
  if (upload.state != store::UploadState::kReceiving) {
    return Fail(ErrorCode::kConflict, "the upload is complete");
  }
  if (upload.offset != offset) {
    return Fail(ErrorCode::kConflict, "the upload's offset is " + std::to_string(upload.offset));
  }
  file_ = TRY(tools_.files.Open(id_, UploadFiles::Access::kWrite));
  length_ = upload.length;
  is_partial_ = upload.is_partial;
  position_ = acknowledged_ = on_its_way_ = offset;
  acknowledged_at_ms_ = tools_.clock.SteadyMs();
  live_->Learn(upload.offset, upload.length);
  if (checksum_) digest_.emplace(checksum_->kind);
  work.GoOn();
  return {};
}

Result<void> Session::Append(std::span<const char> bytes) {
  TRY_VOID(BeginWork());
  Work work(*this);
  Result<void> appended = WriteBytes(bytes);
  const int64_t waited_ms = tools_.clock.SteadyMs() - acknowledged_at_ms_;
  if (appended && !checksum_ && position_ != length_ &&
      (position_ - acknowledged_ >= kAcknowledgeBytes || waited_ms >= kAcknowledgeMs)) {
    if (auto saved = Acknowledge(); !saved) appended = Failure(std::move(saved).error());
  }
  work.GoOn();
  return appended;
}

Result<store::Upload> Session::Finish() {
  TRY_VOID(BeginWork());
  const Work work(*this);
  TRY_VOID(CheckDigest());
  return Keep();
}

Result<store::Upload> Session::Save() {
  TRY_VOID(BeginWork());
  const Work work(*this);
  return is_kept_in_part() ? Keep() : tools_.ledger.Find(id_);
}

void Session::End() {
  {
    MutexLock lock(mutex_);
    while (state_ == State::kBusy) changed_.wait(mutex_);
    if (state_ == State::kEnded) return;
    state_ = State::kBusy;
  }
  const Work work(*this);
  KeepWhatCame();
}

Result<void> Session::Yield() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  {
    MutexLock lock(mutex_);
    is_evicted_ = true;
    while (state_ == State::kBusy) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
        return Fail(ErrorCode::kBusy, "another request still writes to this upload");
      }
    }
    if (state_ == State::kEnded) return {};
    state_ = State::kBusy;
  }
  {
    const Work work(*this);
    KeepWhatCame();
  }
  if (on_evicted_) on_evicted_();
  return {};
}

Result<void> Session::BeginWork() {
  MutexLock lock(mutex_);
  if (is_evicted_ || state_ != State::kIdle) return Evicted();
  state_ = State::kBusy;
  return {};
}

void Session::EndWork(State state) {
  MutexLock lock(mutex_);
  state_ = state;
  changed_.notify_all();
}

Result<void> Session::WriteBytes(std::span<const char> bytes) {
  const uint64_t size_max = tools_.limits.Get().size_max;
  const uint64_t limit = length_ ? *length_ : size_max > 0 ? size_max : INT64_MAX;
  if (bytes.size() > limit - std::min(limit, position_)) {
    is_false_ = true;
    return Fail(ErrorCode::kTooLarge, length_ ? "more bytes than the upload's length"
                                              : "more bytes than an upload may have");
  }
  TRY_VOID(TakeSpace(bytes.size()));
  const UploadFile::Written written = file_->WriteAt(position_, bytes);
  position_ += written.count;
  if (position_ - on_its_way_ >= kDiskStep) {
    file_->BeginSync(on_its_way_, position_ - on_its_way_);
    on_its_way_ = position_;
  }
  if (digest_) {
    digest_->Update(bytes.first(written.count));
  } else {
    live_->Publish(position_);
  }
  return written.error;
}

Result<void> Session::TakeSpace(uint64_t size) {
  if (space_left_ < size) {
    const uint64_t free = TRY(tools_.files.Free());
    const uint64_t usable = free - std::min(free, tools_.limits.Get().disk_reserve);
    space_left_ = std::min(usable, std::max(size, kDiskStep));
    if (space_left_ < size) return Fail(ErrorCode::kOutOfSpace, "the disk is full");
  }
  space_left_ -= size;
  return {};
}

// Once it has failed it is not tried again: the system may have let go of what it could not write,
// and would call the next try a success.
Result<void> Session::Sync() {
  if (sync_failure_) return Failure(*sync_failure_);
  Result<void> synced = file_->Sync();
  if (!synced) sync_failure_ = synced.error();
  return synced;
}

Result<store::Upload> Session::Acknowledge() {
  if (position_ == acknowledged_) return tools_.ledger.Find(id_);
  TRY_VOID(Sync());
  is_commit_open_ = true;
  store::Upload upload = TRY(tools_.ledger.Advance(id_, position_));
  is_commit_open_ = false;
  acknowledged_ = position_;
  acknowledged_at_ms_ = tools_.clock.SteadyMs();
  live_->Learn(position_, upload.length);
  return upload;
}

Result<store::Upload> Session::Keep() { return position_ == length_ ? Complete() : Acknowledge(); }

Result<store::Upload> Session::Complete() {
  TRY_VOID(Sync());
  std::string sha256;
  if (!is_partial_) {  // of a part, nobody asks
    const std::vector<std::string> ids{id_};
    const auto source = TRY(OpenJoined(tools_.files, ids));
    sha256 = TRY(Sha256Of(*source));
  }
  is_commit_open_ = true;
  store::Upload upload = TRY(tools_.ledger.Complete(id_, position_, std::move(sha256)));
  is_commit_open_ = false;
  acknowledged_ = position_;
  live_->Learn(position_, position_);
  return upload;
}

Result<void> Session::CheckDigest() {
  if (!checksum_ || digest_->Finish() == checksum_->digest) return {};
  return Fail(ErrorCode::kInvalidArgument, "the checksum does not fit the bytes");
}

void Session::KeepWhatCame() {
  if (is_kept_in_part()) {
    if (auto kept = Keep(); !kept && kept.error().code != ErrorCode::kNotFound) {
      tools_.log.Warning("upload {}: bytes from {} on are lost: {}", id_, acknowledged_,
                         kept.error().message);
    }
  }
}

void Session::Close() {
  if (file_ && position_ > acknowledged_) {
    live_->TakeBack(acknowledged_);
    if (!is_commit_open_) CutOff();
  }
  live_->Release();
}

// What stays behind is overwritten, or cut off at the next start.
void Session::CutOff() {
  const Result<void> cut = Contain([this] { return file_->Truncate(acknowledged_); });
  if (!cut) tools_.log.Warning("upload {}: {}", id_, cut.error().message);
}

}  // namespace verbatim::upload
