#include "performance/resources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "base/test_root.h"
#include "tests/sanitizers.h"

namespace verbatim::performance {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr uint64_t kMegabyte = 1 << 20;
constexpr std::string_view kMemInfo =
    "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:    8388608 kB\n";

Resources Read(const FakeRoot& root, uint64_t accounted_bytes = 0) {
  return ReadResources({root.path(), {}, accounted_bytes});
}

TEST(ResourcesTest, WhereNothingCanBeReadTheDocumentsConstantsStand) {
  const FakeRoot root;
  const Resources resources = Read(root);
  EXPECT_EQ(resources.memory_total.value, 8 * kGigabyte);
  EXPECT_EQ(resources.memory_total.tier, Tier::kFallback);
  EXPECT_EQ(resources.memory_available.value, 4 * kGigabyte);
  EXPECT_EQ(resources.memory_available.tier, Tier::kFallback);
  EXPECT_EQ(resources.memory_available.source, "estimate");
  EXPECT_EQ(resources.cores.value, 2);
  EXPECT_EQ(resources.cores.tier, Tier::kFallback);
  EXPECT_EQ(resources.process_memory.tier, Tier::kFallback);
  EXPECT_FALSE(resources.load);
  EXPECT_FALSE(resources.memory_stall_some);
  EXPECT_FALSE(resources.disk_free);
}

TEST(ResourcesTest, TheProcessesOwnAccountsAreTheSecondarySource) {
  const FakeRoot root;
  const Resources resources = Read(root, kGigabyte);
  EXPECT_EQ(resources.memory_available.value, 3 * kGigabyte);
  EXPECT_EQ(resources.memory_available.tier, Tier::kSecondary);
  EXPECT_EQ(resources.process_memory.value, kGigabyte);
  EXPECT_EQ(resources.process_memory.tier, Tier::kSecondary);
  EXPECT_EQ(Read(root, 100 * kGigabyte).memory_available.value, 0U);
}

TEST(ResourcesTest, MemoryOfTheMachine) {
  FakeRoot root;
  root.Put("proc/meminfo", kMemInfo);
  const Resources resources = Read(root, kGigabyte);
  EXPECT_EQ(resources.memory_total.value, 16 * kGigabyte);
  EXPECT_EQ(resources.memory_available.value, 8 * kGigabyte);
  EXPECT_EQ(resources.memory_available.tier, Tier::kPrimary);
  EXPECT_EQ(resources.memory_available.source, "meminfo");
  EXPECT_DOUBLE_EQ(MemoryUsedShare(resources), 0.5);
}

TEST(ResourcesTest, KernelsWithoutMemAvailable) {
  FakeRoot root;
  root.Put("proc/meminfo",
           "MemTotal: 16777216 kB\nMemFree: 1048576 kB\nBuffers: 1024 kB\nCached: 2048 kB\n");
  EXPECT_EQ(Read(root).memory_available.value, kGigabyte + 3 * kMegabyte);
}

TEST(ResourcesTest, NonsenseIsNotBelieved) {
  struct Case {
    std::string_view meminfo;
    uint64_t total;
    uint64_t available;
  };
  const Case cases[] = {
      {"", 8 * kGigabyte, 4 * kGigabyte},
      {"MemTotal: 0 kB\nMemAvailable: 0 kB\n", 8 * kGigabyte, 4 * kGigabyte},
      {"MemTotal: many kB\n", 8 * kGigabyte, 4 * kGigabyte},
      {"MemTotal: -5 kB\n", 8 * kGigabyte, 4 * kGigabyte},
      {"MemTotal: 18446744073709551615 kB\n", 8 * kGigabyte, 4 * kGigabyte},
      {"MemTotal: 99999999999999999999999 kB\n", 8 * kGigabyte, 4 * kGigabyte},
      // More available than there is.
      {"MemTotal: 2097152 kB\nMemAvailable: 4194304 kB\n", 2 * kGigabyte, kGigabyte},
      // The total alone.
      {"MemTotal: 67108864 kB\n", 64 * kGigabyte, 4 * kGigabyte},
      // None at all can be had: that is a reading.
      {"MemTotal: 2097152 kB\nMemAvailable: 0 kB\n", 2 * kGigabyte, 0},
  };
  for (const Case& one : cases) {
    FakeRoot root;
    root.Put("proc/meminfo", one.meminfo);
    const Resources resources = Read(root);
    EXPECT_EQ(resources.memory_total.value, one.total) << one.meminfo;
    EXPECT_EQ(resources.memory_available.value, one.available) << one.meminfo;
  }
}

TEST(ResourcesTest, ALimitOfTheGroupBinds) {
  FakeRoot root;
  root.Put("proc/meminfo", kMemInfo)
      .Put("proc/self/cgroup", "0::/\n")
      .Put("sys/fs/cgroup/memory.max", "2147483648\n")
      .Put("sys/fs/cgroup/memory.current", "1610612736\n")
      .Put("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 536870912\nactive_file 7\n");
  const Resources resources = Read(root);
  EXPECT_EQ(resources.memory_total.value, 2 * kGigabyte);
  EXPECT_EQ(resources.memory_total.source, "cgroup v2 memory.max");
  EXPECT_EQ(resources.memory_available.value, kGigabyte);  // inactive pages of files come back
  EXPECT_EQ(resources.memory_available.source, "cgroup v2 memory.max");
}

TEST(ResourcesTest, TheMachineBindsWhereTheGroupHasMore) {
  FakeRoot root;
  root.Put("proc/meminfo", kMemInfo)
      .Put("sys/fs/cgroup/memory.max", "10737418240")
      .Put("sys/fs/cgroup/memory.current", "0");
  const Resources resources = Read(root);
  EXPECT_EQ(resources.memory_total.value, 10 * kGigabyte);
  EXPECT_EQ(resources.memory_available.value, 8 * kGigabyte);
  EXPECT_EQ(resources.memory_available.source, "meminfo");
}

TEST(ResourcesTest, EveryGroupAroundTheProcessBinds) {
  FakeRoot root;
  root.Put("proc/meminfo", kMemInfo)
      .Put("proc/self/cgroup", "0::/shop/worker\n")
      .Put("sys/fs/cgroup/shop/worker/memory.max", "max")
      .Put("sys/fs/cgroup/shop/worker/memory.current", "1048576")
      .Put("sys/fs/cgroup/shop/memory.max", "1073741824")
      .Put("sys/fs/cgroup/shop/memory.current", "805306368");
  const Resources resources = Read(root);
  EXPECT_EQ(resources.memory_total.value, kGigabyte);
  EXPECT_EQ(resources.memory_available.value, kGigabyte / 4);
}

TEST(ResourcesTest, TheHighMarkOfAGroupCountsAsItsLimit) {
  FakeRoot root;
  root.Put("sys/fs/cgroup/memory.max", "2147483648")
      .Put("sys/fs/cgroup/memory.high", "1073741824")
      .Put("sys/fs/cgroup/memory.current", "0");
  const Resources resources = Read(root);
  EXPECT_EQ(resources.memory_total.value, kGigabyte);
  EXPECT_EQ(resources.memory_total.source, "cgroup v2 memory.high");
}

TEST(ResourcesTest, GroupsOfVersionOneAndHybrids) {
  FakeRoot root;
  root.Put("proc/meminfo", kMemInfo)
      .Put("proc/self/cgroup", "5:memory:/jobs/one\n2:cpu,cpuacct:/jobs\nbroken\n0::/\n")
      .Put("sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes", "1073741824")
      .Put("sys/fs/cgroup/memory/jobs/one/memory.usage_in_bytes", "536870912")
      .Put("sys/fs/cgroup/memory/jobs/one/memory.stat",
           "inactive_file 1\ntotal_inactive_file 268435456\n")
      .Put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712")
      .Put("sys/fs/cgroup/memory/memory.usage_in_bytes", "99999999999")
      .Put("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us", "150000")
      .Put("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us", "100000")
      .Put("proc/self/status", "Cpus_allowed_list:\t0-7\n");
  const Resources resources = Read(root);
  EXPECT_EQ(resources.memory_available.value, kGigabyte * 3 / 4);
  EXPECT_EQ(resources.memory_available.source, "cgroup v1 memory.limit_in_bytes");
  EXPECT_EQ(resources.cores.value, 2);
  EXPECT_EQ(resources.cores.source, "cgroup v1 cpu.cfs_quota_us (1.5 CPUs)");
}

TEST(ResourcesTest, LimitsThatAreNone) {
  for (const char* limit :
       {"max", "0", "", "nonsense", "-1", "18446744073709551615", "9223372036854771712"}) {
    FakeRoot root;
    root.Put("proc/meminfo", kMemInfo)
        .Put("sys/fs/cgroup/memory.max", limit)
        .Put("sys/fs/cgroup/memory.current", "5")
        .Put("sys/fs/cgroup/memory/memory.limit_in_bytes", limit)
        .Put("sys/fs/cgroup/memory/memory.usage_in_bytes", "5");
    EXPECT_EQ(Read(root).memory_total.source, "meminfo") << limit;
    EXPECT_EQ(Read(root).memory_available.value, 8 * kGigabyte) << limit;
  }
}

TEST(ResourcesTest, ALimitBelowTheUseLeavesNothing) {
  FakeRoot root;
  root.Put("proc/meminfo", kMemInfo)
      .Put("sys/fs/cgroup/memory.max", "1073741824")
      .Put("sys/fs/cgroup/memory.current", "2147483648")
      .Put("sys/fs/cgroup/memory.stat", "inactive_file 99999999999999999999\n");
  const Resources resources = Read(root);
  EXPECT_EQ(resources.memory_available.value, 0U);
  EXPECT_EQ(MemoryUsedShare(resources), 1);
}

TEST(ResourcesTest, AGroupWhoseUseIsUnknownHasHalfOfItsLimitLeft) {
  FakeRoot root;
  root.Put("proc/meminfo", kMemInfo).Put("sys/fs/cgroup/memory.max", "1073741824");
  EXPECT_EQ(Read(root).memory_available.value, kGigabyte / 2);
  EXPECT_THAT(Read(root).memory_available.source, HasSubstr("unknown"));
}

TEST(ResourcesTest, AGroupOutsideOfWhatIsSeenIsTheOutermost) {
  FakeRoot root;
  root.Put("proc/self/cgroup", "0::/../../host\n")
      .Put("sys/fs/cgroup/memory.max", "1073741824")
      .Put("sys/fs/cgroup/memory.current", "0");
  EXPECT_EQ(Read(root).memory_total.value, kGigabyte);
}

TEST(ResourcesTest, TheLimitOfTheAddressSpaceBinds) {
  FakeRoot root;
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  root.Put("proc/meminfo", kMemInfo)
      .Put("proc/self/limits",
           "Limit                     Soft Limit           Hard Limit           Units     \n"
           "Max address space         1073741824           unlimited            bytes     \n")
      .Put("proc/self/statm", std::to_string(256 * kMegabyte / page) + " 10 5 1 0 2 0\n");
  const Resources resources = Read(root);
  EXPECT_EQ(resources.memory_total.value, kGigabyte);
  EXPECT_EQ(resources.memory_available.value, 768 * kMegabyte);
  EXPECT_EQ(resources.memory_available.source, "rlimit address space");
  root.Put("proc/self/limits", "Max address space   unlimited   unlimited  bytes\n");
  EXPECT_EQ(Read(root).memory_available.source, "meminfo");
}

TEST(ResourcesTest, Cores) {
  struct Case {
    const char* allowed;
    const char* online;
    const char* quota;
    int cores;
    const char* source;
  };
  const Case cases[] = {
      {"0-13", "0-63", "max 100000", 14, "affinity"},
      {"0,2,4-5", "0-63", "", 4, "affinity"},
      {"", "0-63", "", 64, "online CPUs"},        // zero cores
      {"x-y", "0-3", "", 4, "online CPUs"},       // no list
      {"7-3", "", "", 2, "estimate"},             // backwards
      {"0-99999999", "0", "", 1, "online CPUs"},  // more than there can be
      {"0-7", "", "400000 100000", 4, "cgroup v2 cpu.max (4 CPUs)"},
      {"0-7", "", "50000 100000", 1, "cgroup v2 cpu.max (0.5 CPUs)"},
      {"0-7", "", "1600000 100000", 8, "affinity"},
      {"0-7", "", "100000 0", 8, "affinity"},
      {"0-7", "", "0 100000", 8, "affinity"},
      {"0-7", "", "100000", 8, "affinity"},
      {"0-7", "", "lots of them", 8, "affinity"},
      {nullptr, nullptr, "100000 100000", 1, "cgroup v2 cpu.max (1 CPUs)"},
  };
  for (const Case& one : cases) {
    FakeRoot root;
    if (one.allowed != nullptr) {
      root.Put("proc/self/status",
               "Name:\tverbatim\nCpus_allowed_list:\t" + std::string(one.allowed) + "\n");
    }
    if (one.online != nullptr) root.Put("sys/devices/system/cpu/online", one.online);
    root.Put("sys/fs/cgroup/cpu.max", one.quota);
    const Resources resources = Read(root);
    const std::string what = std::string(one.allowed ? one.allowed : "-") + " " + one.quota;
    EXPECT_EQ(resources.cores.value, one.cores) << what;
    EXPECT_EQ(resources.cores.source, one.source) << what;
  }
}

TEST(ResourcesTest, AQuotaOfAnOuterGroupBinds) {
  FakeRoot root;
  root.Put("proc/self/status", "Cpus_allowed_list:\t0-15\n")
      .Put("proc/self/cgroup", "0::/a/b\n")
      .Put("sys/fs/cgroup/a/b/cpu.max", "800000 100000")
      .Put("sys/fs/cgroup/a/cpu.max", "300000 100000");
  EXPECT_EQ(Read(root).cores.value, 3);
}

TEST(ResourcesTest, PressureIsTheWorseOfMachineAndGroup) {
  FakeRoot root;
  root.Put("proc/pressure/memory",
           "some avg10=1.50 avg60=0.10 avg300=0.00 total=9\nfull avg10=1.25 avg60=0 total=4\n")
      .Put("sys/fs/cgroup/memory.pressure", "some avg10=12.00 avg60=3\nfull avg10=0.50\n");
  const Resources resources = Read(root);
  ASSERT_TRUE(resources.memory_stall_some && resources.memory_stall_full);
  EXPECT_DOUBLE_EQ(resources.memory_stall_some->value, 12);
  EXPECT_EQ(resources.memory_stall_some->source, "pressure of the control group");
  EXPECT_DOUBLE_EQ(resources.memory_stall_full->value, 1.25);
}

TEST(ResourcesTest, PressureAndLoadThatAreNone) {
  for (const char* text : {"", "some avg10=nan", "some avg10=-1", "some avg10=101", "some avg60=1",
                           "some avg10=", "full", "inf", "-3"}) {
    FakeRoot root;
    root.Put("proc/pressure/memory", text).Put("proc/loadavg", text);
    EXPECT_FALSE(Read(root).memory_stall_some) << text;
    EXPECT_FALSE(Read(root).load) << text;
  }
  FakeRoot root;
  root.Put("proc/loadavg", "10.18 11.41 9.25 13/180 18071\n");
  EXPECT_DOUBLE_EQ(Read(root).load->value, 10.18);
}

TEST(ResourcesTest, MemoryOfTheProcess) {
  FakeRoot root;
  root.Put("proc/self/statm", "1000 25 5 1 0 2 0\n");
  EXPECT_EQ(Read(root).process_memory.value, 25U * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(Read(root).process_memory.source, "statm");
  root.Put("proc/self/smaps_rollup",
           "555642ccf000-7ffc ---p [rollup]\nRss:   2048 kB\nPss: 1 kB\n");
  EXPECT_EQ(Read(root).process_memory.value, 2 * kMegabyte);
  EXPECT_EQ(Read(root).process_memory.source, "smaps_rollup");
  root.Put("proc/self/smaps_rollup", "Rss: 0 kB\n").Put("proc/self/statm", "5\n");
  EXPECT_EQ(Read(root, 7).process_memory.value, 7U);
}

TEST(ResourcesTest, TheDiskOfAFolderThatIsNotThereYet) {
  const FakeRoot root;
  const Resources resources = ReadResources({root.path(), root.path() / "a/b/c", 0});
  ASSERT_TRUE(resources.disk_free);
  std::error_code error;
  const auto space = std::filesystem::space(root.path(), error);
  EXPECT_LE(resources.disk_free->value, space.capacity);
  EXPECT_GT(resources.disk_free->value, 0U);
}

TEST(ResourcesTest, ThisMachine) {
  const Resources resources = ReadResources({"/", "/", AllocatorBytes()});
  EXPECT_GE(resources.cores.value, 1);
  EXPECT_EQ(resources.memory_total.tier, Tier::kPrimary);
  EXPECT_LE(resources.memory_available.value, resources.memory_total.value);
  EXPECT_GT(resources.process_memory.value, kMegabyte);
  EXPECT_LT(resources.process_memory.value, resources.memory_total.value);
  EXPECT_TRUE(resources.disk_free);
}

TEST(ResourcesTest, TheAllocatorsAccountGrowsWithWhatIsHeld) {
  if (tests::kIsSanitized) GTEST_SKIP() << "needs the system's allocator";
  const uint64_t before = AllocatorBytes();
  const auto held = std::make_unique<std::vector<char>>(64 * kMegabyte, 'a');
  EXPECT_GE(AllocatorBytes() + kMegabyte, before + held->size());
}

TEST(ResourcesTest, GigabytesAsText) {
  EXPECT_EQ(GigabyteText(12 * kGigabyte), "12GB");
  EXPECT_EQ(GigabyteText(4 * kGigabyte), "4GB");
  EXPECT_EQ(GigabyteText(kGigabyte / 2), "0.5GB");
  EXPECT_EQ(GigabyteText(kGigabyte * 34 / 10), "3.4GB");
  EXPECT_EQ(GigabyteText(kGigabyte * 205 / 10), "20GB");
  EXPECT_EQ(GigabyteText(0), "0GB");
}

TEST(ResourcesTest, WhoAsksOftenGetsTheProcessMemoryFromStatm) {
  FakeRoot root;
  root.Put("proc/self/smaps_rollup", "Rss:     2048 kB\n").Put("proc/self/statm", "900 100 9\n");
  ResourceOptions options;
  options.root = root.path();
  EXPECT_EQ(ReadResources(options).process_memory.source, "smaps_rollup");
  options.is_frequent = true;
  EXPECT_EQ(ReadResources(options).process_memory.source, "statm");
  EXPECT_EQ(ReadResources(options).process_memory.value,
            100 * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
}

}  // namespace
}  // namespace verbatim::performance
