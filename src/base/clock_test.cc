#include "base/clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace verbatim {
namespace {

TEST(SystemClock, TellsWallTimeInMilliseconds) {
  const auto now = [] {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())
        .time_since_epoch()
        .count();
  };
  const int64_t before = now();
  const int64_t told = SystemClock().WallMs();
  EXPECT_LE(before, told);
  EXPECT_LE(told, now());
}

TEST(SystemClock, SteadyTimeGoesOnInMilliseconds) {
  const SystemClock clock;
  const auto begin = std::chrono::steady_clock::now();
  const int64_t first = clock.SteadyMs();
  int64_t last = first;
  while (last < first + 3) {
    const int64_t next = clock.SteadyMs();
    ASSERT_GE(next, last);
    last = next;
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(2));
}

TEST(UtcText, IsWhatClientsRead) {
  EXPECT_EQ(UtcText(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(UtcText(1'795'683'600'042), "2026-11-26T09:00:00.042Z");
}

}  // namespace
}  // namespace verbatim
