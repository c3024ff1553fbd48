#include "upload/impl/session.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

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

Session::Session(const SessionTools& tools, Begin begin)
    : tools_(tools),
      id_(std::move(begin.id)),
      live_(std::move(begin.live)),
      checksum_(std::move(begin.checksum)),
      on_evicted_(std::move(begin.on_evicted)) {}

Result<void> Session::Start(uint64_t offset) {
  TRY_VOID(BeginWork());
  Result<void> started = [&]() -> Result<void> {
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
    return {};
  }();
  if (!started) Close();
  EndWork(started ? State::kIdle : State::kEnded);
  return started;
}

Result<void> Session::Append(std::span<const char> bytes) {
  TRY_VOID(BeginWork());
  Result<void> appended = WriteBytes(bytes);
  const int64_t waited_ms = tools_.clock.SteadyMs() - acknowledged_at_ms_;
  if (appended && !checksum_ && position_ != length_ &&
      (position_ - acknowledged_ >= kAcknowledgeBytes || waited_ms >= kAcknowledgeMs)) {
    if (auto saved = Acknowledge(); !saved) appended = Failure(std::move(saved).error());
  }
  EndWork(State::kIdle);
  return appended;
}

Result<store::Upload> Session::Finish() {
  TRY_VOID(BeginWork());
  Result<store::Upload> upload = [&]() -> Result<store::Upload> {
    TRY_VOID(CheckDigest());
    return Keep();
  }();
  Close();
  EndWork(State::kEnded);
  return upload;
}

Result<store::Upload> Session::Save() {
  TRY_VOID(BeginWork());
  Result<store::Upload> upload = checksum_ ? tools_.ledger.Find(id_) : Keep();
  Close();
  EndWork(State::kEnded);
  return upload;
}

void Session::End() {
  {
    MutexLock lock(mutex_);
    while (state_ == State::kBusy) changed_.wait(mutex_);
    if (state_ == State::kEnded) return;
    state_ = State::kBusy;
  }
  KeepWhatCame();
  EndWork(State::kEnded);
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
  KeepWhatCame();
  EndWork(State::kEnded);
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

Result<void> Session::Sync() {
  Result<void> synced = file_->Sync();
  if (!synced) TakeBack();
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
  if (!checksum_) {
    if (auto kept = Keep(); !kept && kept.error().code != ErrorCode::kNotFound) {
      tools_.log.Warning("upload {}: bytes from {} on are lost: {}", id_, acknowledged_,
                         kept.error().message);
    }
  }
  Close();
}

void Session::TakeBack() {
  live_->TakeBack(acknowledged_);
  // What stays behind is overwritten, or cut off at the next start.
  if (!is_commit_open_) {
    if (auto cut = file_->Truncate(acknowledged_); !cut) {
      tools_.log.Warning("upload {}: {}", id_, cut.error().message);
    }
  }
  position_ = acknowledged_;
}

void Session::Close() {
  if (file_ && position_ > acknowledged_) TakeBack();
  live_->Release();
}

}  // namespace verbatim::upload
