// For tests: bytes that arrive while they are read.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "base/byte_source.h"

namespace verbatim::media {

// Bytes of which the next few arrive whenever someone waits for them, and no earlier; so what has
// arrived tells what was waited for. Thread: one at a time.
class TricklingSource final : public ByteSource {
 public:
  enum class Size { kKnown, kDeferred };  // deferred: known with the last byte

  TricklingSource(std::string bytes, size_t step, Size size)
      : bytes_(std::move(bytes)), step_(step), size_(size) {}

  std::optional<uint64_t> size() const override {
    if (size_ == Size::kDeferred && arrived_ < bytes_.size()) return std::nullopt;
    return bytes_.size();
  }
  uint64_t available() const override { return arrived_; }
  double arrived_share() const {
    return static_cast<double>(arrived_) / static_cast<double>(bytes_.size());
  }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into, const std::stop_token&) override {
    while (offset >= arrived_ && size() != bytes_.size()) Arrive();
    if (offset >= bytes_.size()) return size_t{0};
    while (offset >= arrived_) Arrive();
    const auto begin = static_cast<size_t>(offset);
    const size_t count = std::min(into.size(), arrived_ - begin);
    std::copy_n(bytes_.data() + begin, count, into.data());
    return count;
  }

 private:
  void Arrive() { arrived_ = std::min(arrived_ + step_, bytes_.size()); }

  std::string bytes_;
  size_t step_;
  Size size_;
  size_t arrived_ = 0;
};

// Bytes of which no more come after the first ones, until it is given up. Thread: any.
class StuckSource final : public ByteSource {
 public:
  StuckSource(std::string first_bytes, uint64_t size)
      : bytes_(std::move(first_bytes)), size_(size) {}

  std::optional<uint64_t> size() const override { return size_; }
  uint64_t available() const override { return bytes_.size(); }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into,
                        const std::stop_token& stop) override {
    if (offset >= size_) return size_t{0};
    if (offset >= bytes_.size()) {
      std::unique_lock lock(mutex_);
      is_waited_for_ = true;
      changed_.notify_all();
      changed_.wait(lock, stop, [this] { return is_given_up_; });
      if (is_given_up_) return Fail(ErrorCode::kNotFound, "the upload was given up");
      return Fail(ErrorCode::kCancelled, "cancelled");
    }
    const auto begin = static_cast<size_t>(offset);
    const size_t count = std::min(into.size(), bytes_.size() - begin);
    std::copy_n(bytes_.data() + begin, count, into.data());
    return count;
  }

  void GiveUp() {
    const std::lock_guard lock(mutex_);
    is_given_up_ = true;
    changed_.notify_all();
  }

  void WaitUntilWaitedFor() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_waited_for_; });
  }

 private:
  std::string bytes_;
  uint64_t size_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_given_up_ = false;
  bool is_waited_for_ = false;
};

}  // namespace verbatim::media
