#include "base/clock.h"

#include <ctime>

namespace verbatim {
namespace {

int64_t Read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

}  // namespace

int64_t SystemClock::WallMs() const { return Read(CLOCK_REALTIME); }
int64_t SystemClock::SteadyMs() const { return Read(CLOCK_BOOTTIME); }

}  // namespace verbatim
