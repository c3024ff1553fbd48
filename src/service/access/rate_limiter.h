// How often something may happen for each client: so many times at once, and after that evenly over
// each minute. The table of clients is bounded: who was seen longest ago is forgotten first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"

namespace verbatim::access {

// Source: the generic cell rate algorithm, ITU-T I.371. Thread: any.
class RateLimiter {
 public:
  // `per_minute`: 0: no limit.
  explicit RateLimiter(int64_t per_minute, size_t clients_max = 10'000)
      : per_minute_(per_minute), clients_max_(clients_max) {}

  // Counts one more, unless it is too many. Unit: milliseconds to wait, 0: it was counted.
  int64_t Take(const std::string& client, int64_t now_ms);

  // What Take would say, without counting.
  int64_t Wait(const std::string& client, int64_t now_ms) const;

  // From now on.
  void SetPerMinute(int64_t per_minute);

 private:
  using Entry = std::pair<std::string, int64_t>;  // client, when it has its whole minute again (us)

  int64_t WaitUs(int64_t whole_again_us, int64_t now_us) const REQUIRES(mutex_);

  mutable Mutex mutex_;
  int64_t per_minute_ GUARDED_BY(mutex_);
  const size_t clients_max_;
  std::list<Entry> entries_ GUARDED_BY(mutex_);  // seen last, first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_client_ GUARDED_BY(mutex_);
};

}  // namespace verbatim::access
