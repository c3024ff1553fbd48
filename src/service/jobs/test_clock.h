// A clock for tests: time passes when the test says so.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace verbatim::jobs {

class FakeClock final : public Clock {
 public:
  int64_t WallMs() const override { return wall_ms_; }
  int64_t SteadyMs() const override { return steady_ms_; }

  void Advance(int64_t ms) {
    wall_ms_ += ms;
    steady_ms_ += ms;
  }

  // The wall clock alone.
  void Set(int64_t by_ms) { wall_ms_ += by_ms; }

 private:
  std::atomic<int64_t> wall_ms_{1'700'000'000'000};
  std::atomic<int64_t> steady_ms_{1'000'000};
};

}  // namespace verbatim::jobs
