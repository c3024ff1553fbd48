#include "access/rate_limiter.h"

#include <algorithm>

namespace verbatim::access {
namespace {

constexpr int64_t kMinuteUs = 60'000'000;

int64_t WholeMs(int64_t us) { return us <= 0 ? 0 : (us + 999) / 1000; }

}  // namespace

// Each use puts off by a minute's share when the allowance is whole again; that may be a minute
// ahead at most.
int64_t RateLimiter::WaitUs(int64_t whole_again_us, int64_t now_us) const {
  if (per_minute_ == 0) return 0;
  return std::max(whole_again_us, now_us) + kMinuteUs / per_minute_ - now_us - kMinuteUs;
}

int64_t RateLimiter::Take(const std::string& client, int64_t now_ms) {
  const int64_t now_us = now_ms * 1000;
  const MutexLock lock(mutex_);
  if (per_minute_ == 0) return 0;
  const auto known = by_client_.find(client);
  const int64_t whole_again_us = known == by_client_.end() ? 0 : known->second->second;
  if (const int64_t wait_us = WaitUs(whole_again_us, now_us); wait_us > 0) return WholeMs(wait_us);
  if (known != by_client_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
  } else {
    entries_.emplace_front(client, 0);
    by_client_[client] = entries_.begin();
  }
  entries_.front().second = std::max(whole_again_us, now_us) + kMinuteUs / per_minute_;
  if (entries_.size() > clients_max_) {
    by_client_.erase(entries_.back().first);
    entries_.pop_back();
  }
  return 0;
}

int64_t RateLimiter::Wait(const std::string& client, int64_t now_ms) const {
  const MutexLock lock(mutex_);
  const auto known = by_client_.find(client);
  return known == by_client_.end() ? 0 : WholeMs(WaitUs(known->second->second, now_ms * 1000));
}

void RateLimiter::SetPerMinute(int64_t per_minute) {
  const MutexLock lock(mutex_);
  per_minute_ = per_minute;
}

}  // namespace verbatim::access
