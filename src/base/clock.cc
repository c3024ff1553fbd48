#include "base/clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

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

std::string UtcText(int64_t wall_ms) {
  const std::tm parts = fmt::gmtime(static_cast<std::time_t>(wall_ms / 1000));
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", parts, wall_ms % 1000);
}

}  // namespace verbatim
