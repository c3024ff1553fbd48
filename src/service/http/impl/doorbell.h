// How other threads reach an exchange: what they post runs on its strand, and is dropped once the
// exchange is over. Wakeups hang on it.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "http/exchange.h"

namespace verbatim::http {

class Doorbell : public std::enable_shared_from_this<Doorbell> {
 public:
  explicit Doorbell(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  // Thread: any. Locked while posting, so that no one posts to a server that is gone.
  template <typename Work>
  void Post(Work work) {
    const MutexLock lock(mutex_);
    if (!executor_) return;
    boost::asio::post(*executor_, [self = shared_from_this(), work = std::move(work)]() mutable {
      if (!self->is_closed_) work();
    });
  }

  // The rest: on the strand.

  // The exchange is over.
  void Close();

  // Waits until Ring, or the time is over.
  Task<void> Wait(std::chrono::steady_clock::time_point deadline);
  void Ring();

  // From now on, waiting makes no sense.
  void EndWaits();
  bool has_ended() const { return has_ended_; }

 private:
  Mutex mutex_;
  std::optional<boost::asio::any_io_executor> executor_ GUARDED_BY(mutex_);
  boost::asio::steady_timer* waiting_ = nullptr;
  bool has_ended_ = false;
  bool is_closed_ = false;
};

class DoorbellWakeup final : public Wakeup, public std::enable_shared_from_this<DoorbellWakeup> {
 public:
  explicit DoorbellWakeup(std::shared_ptr<Doorbell> doorbell) : doorbell_(std::move(doorbell)) {}

  void Notify() override;
  Task<bool> Wait(std::chrono::milliseconds timeout) override;

 private:
  std::shared_ptr<Doorbell> doorbell_;
  std::atomic<bool> is_notified_ = false;
};

}  // namespace verbatim::http
