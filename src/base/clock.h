// Time that tests can steer. Wall time is for people and for what must outlive a restart; steady
// time, which no one can set back, is for leases, time-outs and speeds.
#pragma once

#include <cstdint>
#include <string>

namespace verbatim {

// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;

  // Unit: milliseconds since 1970-01-01 UTC.
  virtual int64_t WallMs() const = 0;

  // Unit: milliseconds since the system's start, its sleep included.
  virtual int64_t SteadyMs() const = 0;
};

// The system's clocks.
class SystemClock final : public Clock {
 public:
  int64_t WallMs() const override;
  int64_t SteadyMs() const override;
};

// Wall time as RFC 3339 has it, in UTC: "2026-11-26T09:00:00.000Z".
std::string UtcText(int64_t wall_ms);

}  // namespace verbatim
