#include "upload/impl/live_upload.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace verbatim::upload {
namespace {

constexpr std::chrono::seconds kPatience{10};

}  // namespace

Result<void> LiveUpload::Take(std::shared_ptr<Holder> holder) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    std::shared_ptr<Holder> other;
    {
      MutexLock lock(mutex_);
      while (is_taken_ && !holder_) {
        if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
          return Fail(ErrorCode::kBusy, "another request changes this upload");
        }
      }
      if (!is_taken_) {
        is_taken_ = true;
        holder_ = std::move(holder);
        return {};
      }
      other = holder_;
    }
    TRY_VOID(other->Yield());
  }
}

void LiveUpload::Release() {
  std::shared_ptr<Holder> released;  // dies after the lock
  MutexLock lock(mutex_);
  is_taken_ = false;
  released = std::move(holder_);
  holder_ = nullptr;
  changed_.notify_all();
}

Result<void> LiveUpload::Settle() {
  std::shared_ptr<Holder> holder;
  {
    MutexLock lock(mutex_);
    holder = holder_;
  }
  return holder ? holder->Yield() : Result<void>();
}

void LiveUpload::Learn(uint64_t end, std::optional<uint64_t> length) {
  MutexLock lock(mutex_);
  end_ = std::max(end_, end);
  if (length) length_ = length;
  changed_.notify_all();
}

void LiveUpload::Publish(uint64_t end) {
  MutexLock lock(mutex_);
  end_ = end;
  changed_.notify_all();
}

void LiveUpload::TakeBack(uint64_t end) {
  MutexLock lock(mutex_);
  if (end_shown_ > end) ++epoch_;
  end_ = std::min(end_, end);
  end_shown_ = std::min(end_shown_, end);
  changed_.notify_all();
}

void LiveUpload::GiveUp() {
  MutexLock lock(mutex_);
  is_given_up_ = true;
  changed_.notify_all();
}

std::optional<uint64_t> LiveUpload::length() const {
  MutexLock lock(mutex_);
  return length_;
}

uint64_t LiveUpload::end() const {
  MutexLock lock(mutex_);
  return end_;
}

int LiveUpload::epoch() const {
  MutexLock lock(mutex_);
  return epoch_;
}

Result<uint64_t> LiveUpload::WaitFor(uint64_t offset, int epoch, const std::stop_token& stop) {
  MutexLock lock(mutex_);
  changed_.wait(mutex_, stop, [&]() NO_THREAD_SAFETY_ANALYSIS {
    return epoch_ != epoch || end_ > offset || IsWhole() || is_given_up_;
  });
  if (epoch_ != epoch) {
    return Fail(ErrorCode::kIo, "bytes that were read are not part of the upload any more");
  }
  if (is_given_up_ && !IsWhole()) return Fail(ErrorCode::kNotFound, "the upload was given up");
  if (end_ <= offset && !IsWhole()) return Fail(ErrorCode::kCancelled, "stopped");
  end_shown_ = std::max(end_shown_, end_);
  return end_;
}

}  // namespace verbatim::upload
