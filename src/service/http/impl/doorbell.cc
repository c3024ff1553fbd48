#include "http/impl/doorbell.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.h"
#include "base/contain.h"

namespace verbatim::http {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr std::chrono::hours kWaitMax{24};  // so that no sum of times overflows

}  // namespace

void Doorbell::Close() {
  EndWaits();
  is_closed_ = true;
  const MutexLock lock(mutex_);
  executor_.reset();
}

Task<void> Doorbell::Wait(steady_clock::time_point deadline) {
  CHECK(waiting_ == nullptr);  // a handler waits for one thing at a time
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, deadline);
  waiting_ = &timer;
  // Also when the coroutine is destroyed while it waits.
  const auto forget = [this](asio::steady_timer*) { waiting_ = nullptr; };
  const std::unique_ptr<asio::steady_timer, decltype(forget)> forgetter(&timer, forget);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

void Doorbell::Ring() {
  if (waiting_ != nullptr) waiting_->cancel();
}

void Doorbell::EndWaits() {
  has_ended_ = true;
  Ring();
}

void DoorbellWakeup::Notify() {
  if (is_notified_.exchange(true)) return;
  const Result<void> posted =
      Contain([this] { doorbell_->Post([doorbell = doorbell_.get()] { doorbell->Ring(); }); });
  if (!posted) is_notified_ = false;  // the next one comes through
}

Task<bool> DoorbellWakeup::Wait(std::chrono::milliseconds timeout) {
  const auto deadline =
      steady_clock::now() + std::min<std::chrono::milliseconds>(timeout, kWaitMax);
  while (!is_notified_.exchange(false)) {
    if (doorbell_->has_ended()) {
      // Lets others run even if the handler does not notice and waits in a loop.
      co_await asio::post(asio::use_awaitable);
      co_return false;
    }
    if (steady_clock::now() >= deadline) co_return false;
    co_await doorbell_->Wait(deadline);
  }
  co_return true;
}

}  // namespace verbatim::http
