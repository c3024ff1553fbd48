#include "performance/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/test_root.h"
#include "tests/sanitizers.h"

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
    basis_.model->Set({EstimateCost(145'000'000), false});
  }

  void SetAvailable(int gigabytes) { SetAvailableMb(gigabytes * 1024); }
  void SetAvailableMb(int megabytes) {
    root_.Put("proc/meminfo",
              "MemTotal: 67108864 kB\nMemAvailable: " + std::to_string(megabytes * 1024) + " kB\n");
  }
  void SetHeldMb(int megabytes) {
    root_.Put("proc/self/smaps_rollup", "Rss: " + std::to_string(megabytes * 1024) + " kB\n");
  }

  void Set(const std::string& name, const std::string& value) {
    const settings::NewValue change[] = {{name, value}};
    EXPECT_TRUE(settings_.Change(change, "test"));
  }

  std::vector<std::string> Lines() { return std::exchange(log_.lines, {}); }

  FakeRoot root_;
  settings::Live settings_;
  Basis basis_;
  ListLog log_;
};

TEST_F(WatchTest, WorkersFollowTheMemory) {
  Watch watch(basis_, log_);
  EXPECT_EQ(watch.shape().workers, 8);
  EXPECT_THAT(Lines(),
              ElementsAre("Optimal workers calculated: 8 (based on 8 cores, 48GB available)"));
  SetAvailable(2);
  watch.Tick(0, {});
  EXPECT_EQ(watch.shape().workers, 8);
  Lines();
  watch.Tick(3000, {});
  EXPECT_EQ(watch.shape().workers, 2);
  EXPECT_THAT(Lines(),
              ElementsAre("Optimal workers calculated: 2 (based on 8 cores, 2GB available)"));
  SetAvailable(48);
  watch.Tick(4000, {});
  watch.Tick(34'000, {});
  EXPECT_EQ(watch.shape().workers, 3);
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

TEST_F(WatchTest, UnderLoadMemoryIsGivenBackNowAndThen) {
  if (tests::kIsSanitized) GTEST_SKIP() << "needs the system's allocator";
  Watch watch(basis_, log_);
  const auto keep = [] {  // what a run leaves with the allocator: the last block holds the end
    std::vector<std::vector<char>> blocks(96 * 32);
    for (std::vector<char>& block : blocks) block.resize(32 << 10, 'a');
    return std::move(blocks.back());
  };
  watch.Tick(0, {0, 1, 0});
  const std::vector<char> kept = keep();
  Lines();
  watch.Tick(299'999, {0, 1, 0});
  EXPECT_THAT(Lines(), IsEmpty());
  watch.Tick(300'000, {0, 1, 0});
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("memory cleaned: ")));
  watch.Tick(305'000, {0, 1, 0});
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(WatchTest, CleaningCanBeSwitchedOff) {
  Watch watch(basis_, log_);
  Lines();
  Set("enable_memory_cleanup", "false");
  watch.Tick(0, {0, 1, 0});
  watch.Tick(100'000, {});
  EXPECT_THAT(Lines(), IsEmpty());
}

// What it would do to models.
class WatchActsTest : public WatchTest {
 protected:
  WatchActsTest() {
    actions_.resize = [this](const EngineShape& shape) { shapes_.push_back(shape); };
    actions_.release_idle = [this] {
      ++releases_;
      return std::vector<std::string>{};
    };
    actions_.on_pressure = [this](const Pressure& pressure) { told_.push_back(pressure.level); };
    SetHeldMb(500);
  }

  void Start(WatchOptions options = {}) {
    watch_.emplace(basis_, log_, options);
    watch_->ActOn(actions_);
    Lines();
  }
  // Ticks every second up to a time.
  void Until(int64_t second) {
    while (second_ < second) watch_->Tick(++second_ * 1000, {0, 1, 0});
  }
  EngineShape Newest() const { return shapes_.empty() ? EngineShape{} : shapes_.back(); }

  WatchActions actions_;
  std::optional<Watch> watch_;
  int64_t second_ = 0;
  std::vector<EngineShape> shapes_;
  std::vector<PressureLevel> told_;
  int releases_ = 0;
};

TEST_F(WatchActsTest, LoadedModelsFollowTheNumberOfWorkers) {
  Start();
  Until(1);
  EXPECT_EQ(Newest(), (EngineShape{8, 0}));
  SetAvailable(2);
  Until(5);
  EXPECT_EQ(Newest(), (EngineShape{2, 0}));
}

TEST_F(WatchActsTest, WorkersAndBatchThatAreSetCountAtOnce) {
  Start();
  Until(1);
  Set("workers", "3");
  Set("batch", "6");
  Until(2);
  EXPECT_EQ(Newest(), (EngineShape{3, 6}));
  EXPECT_EQ(watch_->shape(), (EngineShape{3, 6}));
  Set("workers", "0");
  Set("max_workers_limit", "5");
  Until(3);
  EXPECT_EQ(Newest().workers, 5) << "without waiting";
}

TEST_F(WatchActsTest, ShortMemoryIsGivenWayToStepByStepAndBack) {
  Set("workers", "6");
  Start();
  Until(1);
  SetAvailableMb(100);
  Until(2);
  EXPECT_EQ(Newest(), (EngineShape{3, 0}));
  EXPECT_THAT(Lines(), ElementsAre("Memory pressure detected: 100% usage",
                                   "Memory pressure, step 1 of 5 (fewer_workers): 3 workers for "
                                   "each model (100 MB available, 500 MB held)"));
  SetHeldMb(420);
  Until(5);
  EXPECT_EQ(Newest(), (EngineShape{1, 1}));
  EXPECT_THAT(Lines(), testing::IsSupersetOf(
                           {"Memory pressure, step 1 of 5 (fewer_workers): 80 MB came back",
                            "Memory pressure, step 2 of 5 (small_batch): 1 worker for each model, "
                            "batches of 1 (100 MB available, 420 MB held)"}));
  EXPECT_EQ(releases_, 0);
  Until(11);
  EXPECT_EQ(releases_, 1);
  Until(14);
  EXPECT_EQ(watch_->pressure().level, PressureLevel::kAdmitNone);
  EXPECT_EQ(watch_->pressure().steps.size(), 5U);
  EXPECT_EQ(watch_->pressure().steps[0].returned_bytes, 80U << 20);
  EXPECT_TRUE(watch_->pressure().is_short);
  Until(20);
  EXPECT_EQ(releases_, 10) << "whatever becomes idle";
  Lines();
  SetAvailable(30);
  Until(51);
  EXPECT_THAT(Lines(), testing::Contains("Memory pressure, step 4 of 5 (release_idle): 1 worker "
                                         "for each model, batches of 1 (30720 MB available, 420 "
                                         "MB held)"));
  Until(200);
  EXPECT_EQ(Newest(), (EngineShape{6, 0}));
  EXPECT_THAT(Lines(), testing::Contains("Memory is at hand again: 6 workers for each model (30720 "
                                         "MB available, 420 MB held)"));
  std::vector<int> levels;
  for (const PressureLevel level : told_) levels.push_back(static_cast<int>(level));
  EXPECT_THAT(levels, ElementsAre(1, 2, 3, 4, 5, 4, 3, 2, 1, 0));
}

TEST_F(WatchActsTest, TheTimeToRecoverIsASetting) {
  Set("memory_recovery_seconds", "5");
  Start();
  SetAvailableMb(100);
  Until(1);
  SetAvailable(30);
  Until(6);
  EXPECT_EQ(watch_->pressure().level, PressureLevel::kFewerWorkers);
  Until(7);
  EXPECT_EQ(watch_->pressure().level, PressureLevel::kNone);
}

// On a machine of its own size a running engine leaves room for its workers, not for others.
TEST_F(WatchActsTest, WhatLoadedModelsHoldIsTheirs) {
  root_.Put("proc/meminfo", "MemTotal: 67108864 kB\nMemAvailable: 838861 kB\n");  // 0.8 GB
  Set("low_memory_threshold_gb", "0");
  Set("min_workers", "1");
  Set("memory_safety_factor", "0.5");
  Start();
  EXPECT_EQ(watch_->shape().workers, 2) << "(0.5 x 859 - 145) / 105 MB";
  // They run: 355 MB are gone, and are theirs.
  SetAvailableMb(820 - 339);
  SetHeldMb(400);
  basis_.engines = [] { return LoadedEngines{355'000'000, 145'000'000, 1}; };
  Until(60);
  EXPECT_EQ(watch_->shape().workers, 2);
  EXPECT_EQ(watch_->pressure().level, PressureLevel::kNone);
  // The same numbers, taken by others.
  basis_.engines = nullptr;
  Until(120);
  EXPECT_EQ(watch_->shape().workers, 1);
}

TEST_F(WatchActsTest, ModelsAtWorkShareTheWorkers) {
  int busy = 0;
  basis_.engines = [&busy] { return LoadedEngines{0, 0, busy}; };
  Start();
  for (const auto& [models, workers] : {std::pair{0, 8}, {1, 8}, {2, 4}, {3, 3}, {20, 1}}) {
    busy = models;
    Until(second_ + 1);
    EXPECT_EQ(watch_->shape().workers, workers) << models;
  }
  Set("workers", "5");
  Until(second_ + 1);
  EXPECT_EQ(watch_->shape().workers, 5) << "of each, if set";
}

TEST_F(WatchActsTest, WithoutRoomForOneWorkerItsBatchIsTheSmallest) {
  root_.Put("proc/meminfo", "MemTotal: 67108864 kB\nMemAvailable: 256000 kB\n");
  Start();
  EXPECT_EQ(watch_->shape(), (EngineShape{1, 1}));
  EXPECT_EQ(watch_->pressure().level, PressureLevel::kNone);
}

}  // namespace
}  // namespace verbatim::performance
