#include "performance/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/test_root.h"

namespace verbatim::performance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ListLog final : public Log {
 public:
  void Write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    SetAvailable(48);
    root_.Put("proc/self/status", "Cpus_allowed_list:\t0-7\n");
    basis_.settings = &settings_;
    basis_.root = root_.path();
    basis_.cost = EstimateCost(145'000'000);
  }

  void SetAvailable(int gigabytes) {
    root_.Put("proc/meminfo", "MemTotal: 67108864 kB\nMemAvailable: " +
                                  std::to_string(gigabytes * 1024 * 1024) + " kB\n");
  }

  std::vector<std::string> Lines() { return std::exchange(log_.lines, {}); }

  FakeRoot root_;
  settings::Live settings_;
  Basis basis_;
  ListLog log_;
};

TEST_F(WatchTest, WorkersFollowTheMemory) {
  Watch watch(basis_, log_);
  EXPECT_EQ(watch.workers(), 8);
  EXPECT_THAT(Lines(),
              ElementsAre("Optimal workers calculated: 8 (based on 8 cores, 48GB available)"));
  SetAvailable(2);
  watch.Tick(0, {});
  EXPECT_EQ(watch.workers(), 8);
  Lines();
  watch.Tick(3000, {});
  EXPECT_EQ(watch.workers(), 2);
  EXPECT_THAT(Lines(),
              ElementsAre("Optimal workers calculated: 2 (based on 8 cores, 2GB available)"));
  SetAvailable(48);
  watch.Tick(4000, {});
  watch.Tick(34'000, {});
  EXPECT_EQ(watch.workers(), 3);
}

TEST_F(WatchTest, PressureIsToldOnceEachTimeItBegins) {
  Watch watch(basis_, log_);
  Lines();
  SetAvailable(5);
  watch.Tick(0, {});
  watch.Tick(1, {});
  EXPECT_THAT(Lines(), ElementsAre("Memory pressure detected: 92% usage"));
  SetAvailable(48);
  watch.Tick(2, {});
  SetAvailable(5);
  watch.Tick(3, {});
  EXPECT_THAT(Lines(), ElementsAre("Memory pressure detected: 92% usage"));
}

TEST_F(WatchTest, MemoryIsGivenBackOnceWorkHasEnded) {
  Watch watch(basis_, log_);
  Lines();
  watch.Tick(0, {});
  watch.Tick(40'000, {});  // there was no work
  EXPECT_THAT(Lines(), IsEmpty());
  watch.Tick(50'000, {0, 1, 0});
  watch.Tick(79'999, {});
  EXPECT_THAT(Lines(), IsEmpty());
  watch.Tick(80'000, {});
  EXPECT_THAT(Lines(),
              ElementsAre(HasSubstr("Performance optimization completed - memory cleaned: ")));
  watch.Tick(200'000, {});
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(WatchTest, CleaningCanBeSwitchedOff) {
  Watch watch(basis_, log_);
  Lines();
  const settings::NewValue off[] = {{"enable_memory_cleanup", "false"}};
  ASSERT_TRUE(settings_.Change(off, "test"));
  watch.Tick(0, {0, 1, 0});
  watch.Tick(100'000, {});
  EXPECT_THAT(Lines(), IsEmpty());
}

}  // namespace
}  // namespace verbatim::performance
