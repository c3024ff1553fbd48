#include "pipeline/memory.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <vector>

namespace verbatim::pipeline {
namespace {

TEST(Memory, FreeIsLessThanThereIs) {
  const uint64_t there_is =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t free = FreeMemoryBytes();
  EXPECT_GT(free, uint64_t{1} << 20);  // this test runs, so there is some
  EXPECT_LT(free, there_is);
}

TEST(Memory, ThePeakIsWhatWasHeld) {
  constexpr size_t kHeld = size_t{64} << 20;
  ResetPeakMemory();
  const uint64_t before = PeakMemoryBytes();
  EXPECT_GT(before, uint64_t{1} << 20);
  {
    const std::vector<char> held(kHeld, 1);
  }
  EXPECT_GE(PeakMemoryBytes(), before + kHeld / 2);
}

TEST(Memory, CpusAreThoseThisProcessMayUse) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  EXPECT_GE(UsableCpus(), 1);
  EXPECT_LE(UsableCpus(), CPU_COUNT(&allowed));
}

TEST(Memory, AffinityIsHeeded) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  const int cpus = UsableCpus();
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(cpus, 1);
}

}  // namespace
}  // namespace verbatim::pipeline
