#include "performance/worker_count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/test_root.h"

namespace verbatim::performance {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kMegabyte = 1 << 20;

Resources Machine(int cores, double available_gb, double stall = 0) {
  Resources resources;
  const auto bytes = static_cast<uint64_t>(available_gb * static_cast<double>(kGigabyte));
  resources.cores = {cores, Tier::kPrimary, "affinity"};
  resources.memory_total = {2 * bytes, Tier::kPrimary, "meminfo"};
  resources.memory_available = {bytes, Tier::kPrimary, "meminfo"};
  if (stall > 0) resources.memory_stall_some = Reading<double>{stall, Tier::kPrimary, "pressure"};
  return resources;
}

WorkerCost Cost(uint64_t shared_megabytes, uint64_t megabytes) {
  WorkerCost cost;
  cost.shared_bytes = shared_megabytes * kMegabyte;
  cost.bytes = megabytes * kMegabyte;
  return cost;
}

// Of the model base.
WorkerCost BaseCost() { return EstimateCost(145'000'000); }

TEST(WorkerCountTest, TheDocumentsExample) {
  // 80 % of 12 GB for workers of 1.2 GB.
  WorkerCost cost = Cost(0, 1228);
  const Resources resources = Machine(14, 12);
  const WorkerCount count = OptimalWorkerCount(resources, {}, cost, {});
  EXPECT_EQ(WorkerSentence(count, resources),
            "Optimal workers calculated: 8 (based on 14 cores, 12GB available)");
  EXPECT_EQ(count.bound, Bound::kMemory);
}

struct Row {
  int cores;
  double available_gb;
  uint64_t file_mb;  // 0: unknown
  double stall;
  int count;
  Bound bound;
};

// Workers of the model base: 145 MB for all and 105 MB for each.
constexpr Row kRows[] = {
    // Cores hold where memory is plenty.
    {1, 64, 0, 0, 2, Bound::kFloor},
    {2, 64, 0, 0, 2, Bound::kCores},
    {3, 64, 0, 0, 3, Bound::kCores},
    {4, 64, 0, 0, 4, Bound::kCores},
    {8, 64, 0, 0, 8, Bound::kCores},
    {14, 64, 0, 0, 14, Bound::kCores},
    {16, 64, 0, 0, 16, Bound::kCores},
    {17, 64, 0, 0, 16, Bound::kCeiling},
    {32, 64, 0, 0, 16, Bound::kCeiling},
    {64, 256, 0, 0, 16, Bound::kCeiling},
    {128, 1024, 0, 0, 16, Bound::kCeiling},
    // The ceiling rises from 6 at 4 GB to 16 at 16 GB.
    {128, 4, 0, 0, 6, Bound::kCeiling},
    {128, 5.3, 0, 0, 7, Bound::kCeiling},
    {128, 8, 0, 0, 9, Bound::kCeiling},
    {128, 10, 0, 0, 11, Bound::kCeiling},
    {128, 12, 0, 0, 12, Bound::kCeiling},
    {128, 15.9, 0, 0, 15, Bound::kCeiling},
    {128, 16, 0, 0, 16, Bound::kCeiling},
    {14, 12, 0, 0, 12, Bound::kCeiling},
    {4, 8, 0, 0, 4, Bound::kCores},
    // Below 4 GB: no more than the floor.
    {128, 3.99, 0, 0, 2, Bound::kCeiling},
    {8, 2, 0, 0, 2, Bound::kCeiling},
    {8, 1, 0, 0, 2, Bound::kCeiling},
    {1, 1, 0, 0, 2, Bound::kFloor},
    // The floor is none of physics: 0.8 * 0.4 GB - 145 MB has room for one.
    {8, 0.4, 0, 0, 1, Bound::kMemory},
    {8, 0.25, 0, 0, 1, Bound::kMemory},
    {8, 0, 0, 0, 1, Bound::kMemory},
    {1, 0.3, 0, 0, 1, Bound::kCores},
    // Small files: 4000 bytes a second, two windows of 30 s for each worker.
    {16, 64, 1, 0, 5, Bound::kWork},
    {16, 64, 2, 0, 9, Bound::kWork},
    {16, 64, 3, 0, 14, Bound::kWork},
    {16, 64, 10, 0, 16, Bound::kCores},
    {4, 64, 1, 0, 4, Bound::kCores},
    {16, 5, 1, 0, 5, Bound::kWork},
    // Large ones hold nothing back.
    {16, 64, 100, 0, 16, Bound::kCores},
    {16, 64, 500, 0, 16, Bound::kCores},
    {16, 64, 1024, 0, 16, Bound::kCores},
    {128, 1024, 10240, 0, 16, Bound::kCeiling},
    {2, 4, 10240, 0, 2, Bound::kCores},
    {8, 1, 10240, 0, 2, Bound::kCeiling},
    // Processes wait for memory.
    {16, 64, 0, 9.9, 16, Bound::kCores},
    {16, 64, 0, 10, 8, Bound::kPressure},
    {16, 64, 1, 25, 2, Bound::kPressure},
    {16, 64, 0, 39, 8, Bound::kPressure},
    {16, 64, 0, 40, 1, Bound::kPressure},
    {128, 1024, 0, 100, 1, Bound::kPressure},
    {3, 64, 0, 15, 2, Bound::kPressure},
    {2, 64, 0, 15, 2, Bound::kCores},
    {2, 64, 0, 60, 1, Bound::kPressure},
    {8, 0.4, 0, 15, 1, Bound::kMemory},
};

TEST(WorkerCountTest, Table) {
  static_assert(std::size(kRows) >= 40);
  for (const Row& row : kRows) {
    Workload workload;
    workload.file_bytes = row.file_mb * kMegabyte;
    const WorkerCount count = OptimalWorkerCount(Machine(row.cores, row.available_gb, row.stall),
                                                 workload, BaseCost(), {});
    const std::string what =
        std::to_string(row.cores) + " cores, " + std::to_string(row.available_gb) + " GB, " +
        std::to_string(row.file_mb) + " MB, stall " + std::to_string(row.stall);
    EXPECT_EQ(count.count, row.count) << what;
    EXPECT_EQ(BoundName(count.bound), BoundName(row.bound)) << what;
    EXPECT_FALSE(count.reasons.empty()) << what;
  }
}

TEST(WorkerCountTest, QuotasAndLimitsOfControlGroupsBind) {
  struct Case {
    const char* quota;
    const char* memory;
    int count;
    Bound bound;
  };
  const Case cases[] = {
      {"max 100000", "max", 14, Bound::kCores},
      {"400000 100000", "max", 4, Bound::kCores},
      {"250000 100000", "max", 3, Bound::kCores},
      {"50000 100000", "max", 2, Bound::kFloor},
      {"max 100000", "8589934592", 9, Bound::kCeiling},
      {"400000 100000", "1073741824", 2, Bound::kCeiling},
      {"400000 100000", "419430400", 1, Bound::kMemory},
  };
  for (const Case& one : cases) {
    FakeRoot root;
    root.Put("proc/self/status", "Cpus_allowed_list:\t0-13\n")
        .Put("proc/meminfo", "MemTotal: 67108864 kB\nMemAvailable: 67108864 kB\n")
        .Put("sys/fs/cgroup/cpu.max", one.quota)
        .Put("sys/fs/cgroup/memory.max", one.memory)
        .Put("sys/fs/cgroup/memory.current", "0");
    const Resources resources = ReadResources({root.path(), {}, 0});
    const WorkerCount count = OptimalWorkerCount(resources, {}, BaseCost(), {});
    EXPECT_EQ(count.count, one.count) << one.quota << ", " << one.memory;
    EXPECT_EQ(BoundName(count.bound), BoundName(one.bound)) << one.quota << ", " << one.memory;
  }
}

TEST(WorkerCountTest, WhereTheFloorCannotBeHadItSaysSo) {
  const WorkerCount count = OptimalWorkerCount(Machine(8, 0.4), {}, BaseCost(), {});
  EXPECT_EQ(count.count, 1);
  EXPECT_THAT(count.reasons,
              Contains("min_workers is 2, but the memory for that cannot be had: 1"));
  const WorkerCount none = OptimalWorkerCount(Machine(8, 0.1), {}, BaseCost(), {});
  EXPECT_EQ(none.count, 1);
  EXPECT_EQ(none.memory_count, 0);
  EXPECT_THAT(none.reasons, Contains(HasSubstr("cannot be had for sure")));
  const WorkerCount fine = OptimalWorkerCount(Machine(8, 8), {}, BaseCost(), {});
  EXPECT_THAT(fine.reasons, Not(Contains(HasSubstr("cannot"))));
}

TEST(WorkerCountTest, MeasurementsBind) {
  WorkerCost cost = BaseCost();
  const Resources resources = Machine(8, 64);
  cost.measured_best = 3;
  EXPECT_EQ(OptimalWorkerCount(resources, {}, cost, {}).count, 3);
  EXPECT_EQ(OptimalWorkerCount(resources, {}, cost, {}).bound, Bound::kMeasured);
  cost.measured_best = 1;  // the floor does not add one that makes it slower
  EXPECT_EQ(OptimalWorkerCount(resources, {}, cost, {}).count, 1);
  cost.measured_best = 20;
  EXPECT_EQ(OptimalWorkerCount(resources, {}, cost, {}).count, 8);
}

// What was measured, by the number of workers from 1.
WorkerCost Measured(const std::vector<double>& speeds) {
  std::vector<WorkerPoint> curve;
  for (const double speed : speeds) {
    const int workers = static_cast<int>(curve.size()) + 1;
    curve.push_back(
        {workers, speed, 100 * kMegabyte + 50 * kMegabyte * static_cast<uint64_t>(workers)});
  }
  return MeasuredCost(BaseCost(), std::move(curve));
}

TEST(WorkerCountTest, TheMeasuredCurveBinds) {
  struct CurveRow {
    std::vector<double> speeds;
    int cores;
    double available_gb;
    double stall;
    int count;
    Bound bound;
  };
  const CurveRow rows[] = {
      {{5, 9, 13, 16}, 4, 64, 0, 4, Bound::kCores},    // each gains
      {{5, 9, 9, 9}, 4, 64, 0, 2, Bound::kMeasured},   // no faster: fewer
      {{5, 9, 8, 6}, 4, 64, 0, 2, Bound::kMeasured},   // slower
      {{9, 7, 5, 3}, 4, 64, 0, 1, Bound::kMeasured},   // slower from the second on
      {{9, 9.1, 9.2}, 4, 64, 0, 1, Bound::kMeasured},  // what may be chance
      {{9, 9.1, 9.4}, 4, 64, 0, 3, Bound::kMeasured},  // what is not
      {{5, 5, 9, 9}, 4, 64, 0, 3, Bound::kMeasured},   // over a step
      {{5, 5, 9, 9}, 2, 64, 0, 1, Bound::kMeasured},   // the step is out of reach
      {{5, 9}, 8, 64, 0, 2, Bound::kMeasured},         // what was not measured gains nothing
      {{5, 9, 13, 16}, 4, 0.2, 0, 1, Bound::kMemory},  // 0.8 x 0.2 GB for 100 MB and 50 MB each
      {{5, 9, 13, 16}, 4, 0.26, 0, 2, Bound::kMemory},
      {{5, 9, 13, 16}, 4, 64, 15, 2, Bound::kPressure},
      {{5, 9, 8, 6}, 4, 64, 50, 1, Bound::kPressure},
      {{9}, 1, 64, 0, 1, Bound::kCores},  // the floor adds none that gains nothing
      {{0, 0}, 2, 64, 0, 1, Bound::kMeasured},
  };
  for (const CurveRow& row : rows) {
    const WorkerCount count = OptimalWorkerCount(Machine(row.cores, row.available_gb, row.stall),
                                                 {}, Measured(row.speeds), {});
    EXPECT_EQ(count.count, row.count) << &row - rows;
    EXPECT_EQ(BoundName(count.bound), BoundName(row.bound)) << &row - rows;
  }
}

TEST(WorkerCountTest, BetweenMeasuredNumbersTheCurveIsAStraightLine) {
  const std::vector<WorkerPoint> curve{{1, 4, 0}, {4, 10, 0}, {8, 8, 0}};
  EXPECT_EQ(SpeedOf(curve, 2), 6);
  EXPECT_EQ(SpeedOf(curve, 4), 10);
  EXPECT_EQ(SpeedOf(curve, 6), 9);
  EXPECT_EQ(SpeedOf(curve, 99), 8);
  EXPECT_EQ(SpeedOf({{2, 8, 0}}, 1), 4);
  EXPECT_EQ(SpeedOf({}, 3), 0);
  WorkerCost cost = BaseCost();
  cost.curve = curve;
  EXPECT_EQ(OptimalWorkerCount(Machine(16, 64), {}, cost, {}).count, 4);
  EXPECT_EQ(OptimalWorkerCount(Machine(3, 64), {}, cost, {}).count, 3);
}

TEST(WorkerCountTest, MeasuredMemoryTakesThePlaceOfTheEstimate) {
  const WorkerCost estimate = BaseCost();
  const WorkerCost measured = Measured({5, 9});
  EXPECT_TRUE(measured.is_measured);
  EXPECT_EQ(measured.bytes, 50 * kMegabyte);
  EXPECT_EQ(measured.shared_bytes, 100 * kMegabyte);
  EXPECT_THAT(OptimalWorkerCount(Machine(2, 8), {}, measured, {}).reasons,
              Contains(HasSubstr("52 MB for each worker (measured)")));
  EXPECT_THAT(OptimalWorkerCount(Machine(2, 8), {}, estimate, {}).reasons,
              Contains(HasSubstr("(estimated)")));
  // Points that say nothing of memory, or nonsense, leave the estimate.
  for (const std::vector<WorkerPoint>& curve : {std::vector<WorkerPoint>{},
                                                {{1, 5, 100}},
                                                {{1, 5, 0}, {2, 9, 0}},
                                                {{1, 5, 0}, {2, 9, 100}},
                                                {{1, 5, 100}, {2, 9, 100}},
                                                {{1, 5, 200}, {2, 9, 100}},
                                                {{2, 5, 100}, {2, 9, 200}}}) {
    const WorkerCost cost = MeasuredCost(estimate, curve);
    EXPECT_FALSE(cost.is_measured);
    EXPECT_EQ(cost.bytes, estimate.bytes);
    EXPECT_EQ(cost.curve.size(), curve.size());
  }
}

TEST(WorkerCountTest, ThreadsOfAWorkerShareTheCores) {
  WorkerCost cost = BaseCost();
  cost.threads = 4;
  EXPECT_EQ(OptimalWorkerCount(Machine(16, 64), {}, cost, {}).count, 4);
  EXPECT_EQ(OptimalWorkerCount(Machine(15, 64), {}, cost, {}).count, 3);
}

TEST(WorkerCountTest, ManyFilesAreMoreToDo) {
  Workload workload;
  workload.audio_s = 60;
  EXPECT_EQ(OptimalWorkerCount(Machine(16, 64), workload, BaseCost(), {}).count, 2);
  workload.files = 8;
  EXPECT_EQ(OptimalWorkerCount(Machine(16, 64), workload, BaseCost(), {}).count, 8);
}

TEST(WorkerCountTest, TheSettingsBind) {
  const Resources resources = Machine(32, 64);
  WorkerLimits limits;
  limits.max_workers_limit = 3;
  EXPECT_EQ(OptimalWorkerCount(resources, {}, BaseCost(), limits).count, 3);
  limits = {};
  limits.min_workers = 5;
  EXPECT_EQ(OptimalWorkerCount(Machine(2, 64), {}, BaseCost(), limits).count, 5);
  limits = {};
  limits.default_max_workers = 14;
  EXPECT_EQ(OptimalWorkerCount(Machine(14, 4), {}, BaseCost(), limits).count, 14);
  limits = {};
  limits.low_memory_threshold_gb = 100;
  EXPECT_EQ(OptimalWorkerCount(resources, {}, BaseCost(), limits).count, 2);
  limits = {};
  limits.high_memory_threshold_gb = 500;
  EXPECT_EQ(OptimalWorkerCount(resources, {}, BaseCost(), limits).count, 7);
  limits = {};
  limits.memory_safety_factor = 0.1;
  EXPECT_EQ(OptimalWorkerCount(Machine(32, 8), {}, BaseCost(), limits).count, 6);
}

TEST(WorkerCountTest, AnyNumbersGiveAnAnswer) {
  constexpr unsigned kSeed = 7;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const double doubles[] = {0,    -1,    0.5,
                            4,    1e300, std::numeric_limits<double>::quiet_NaN(),
                            1e-9, 100,   std::numeric_limits<double>::infinity()};
  const int ints[] = {0,
                      -1,
                      1,
                      2,
                      6,
                      64,
                      1'000'000,
                      std::numeric_limits<int>::max(),
                      std::numeric_limits<int>::min()};
  const uint64_t sizes[] = {
      0, 1, kMegabyte, kGigabyte, uint64_t{1} << 50, std::numeric_limits<uint64_t>::max()};
  const auto pick = [&](const auto& from) { return from[random() % std::size(from)]; };
  for (int round = 0; round < 20'000; ++round) {
    Resources resources;
    resources.cores.value = pick(ints);
    resources.memory_total.value = pick(sizes);
    resources.memory_available.value = pick(sizes);
    resources.memory_stall_some = Reading<double>{pick(doubles), Tier::kPrimary, ""};
    const Workload workload{pick(sizes), pick(doubles), pick(ints)};
    WorkerCost cost;
    cost.shared_bytes = pick(sizes);
    cost.bytes = pick(sizes);
    cost.threads = pick(ints);
    cost.measured_best = pick(ints);
    while (random() % 2 == 0) cost.curve.push_back({pick(ints), pick(doubles), pick(sizes)});
    cost = MeasuredCost(cost, cost.curve);
    const WorkerLimits limits{pick(ints),    pick(ints),    pick(ints),
                              pick(doubles), pick(doubles), pick(doubles)};
    const WorkerCount count = OptimalWorkerCount(resources, workload, cost, limits);
    ASSERT_GE(count.count, 1) << round;
    ASSERT_LE(count.count, 64) << round;
  }
}

TEST(WorkerCountTest, TheEstimateFollowsTheEngines) {
  // Megabytes of a worker by the engine's own estimate, of tiny, base, small, medium and large.
  for (const auto& [file, bytes] :
       {std::pair<uint64_t, double>{75, 86}, {145, 101}, {480, 132}, {1500, 163}, {3100, 194}}) {
    const auto estimate = static_cast<double>(EstimateCost(file * 1'000'000).bytes) / 1e6;
    EXPECT_NEAR(estimate, bytes, 0.2 * bytes) << file;
  }
}

TEST(WorkerCountTest, LimitsComeFromTheSettings) {
  settings::Settings settings;
  settings.min_workers = 3;
  settings.default_max_workers = 4;
  settings.max_workers_limit = 5;
  settings.low_memory_threshold_gb = 1;
  settings.high_memory_threshold_gb = 2;
  settings.memory_safety_factor = 0.5;
  const WorkerLimits limits = LimitsOf(settings);
  EXPECT_EQ(limits.min_workers, 3);
  EXPECT_EQ(limits.default_max_workers, 4);
  EXPECT_EQ(limits.max_workers_limit, 5);
  EXPECT_EQ(limits.low_memory_threshold_gb, 1);
  EXPECT_EQ(limits.high_memory_threshold_gb, 2);
  EXPECT_EQ(limits.memory_safety_factor, 0.5);
}

}  // namespace
}  // namespace verbatim::performance
