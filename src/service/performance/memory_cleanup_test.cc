#include "performance/memory_cleanup.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <latch>
#include <thread>
#include <vector>

#include "base/test_root.h"
#include "tests/sanitizers.h"

namespace verbatim::performance {
namespace {

constexpr size_t kMegabyte = 1 << 20;

// Blocks that the allocator keeps when they are freed: the last stays and holds the heap's end.
class KeptMemory {
 public:
  explicit KeptMemory(size_t megabytes) {
    constexpr size_t kBlock = 32 << 10;
    std::vector<std::vector<char>> blocks;
    for (size_t i = 0; i < megabytes * kMegabyte / kBlock; ++i) blocks.emplace_back(kBlock, 'a');
    last_ = std::vector<char>(kBlock, 'b');
  }

 private:
  std::vector<char> last_;
};

TEST(MemoryCleanupTest, WhatIsFreedComesBackAndIsCounted) {
  if (tests::kIsSanitized) GTEST_SKIP() << "needs the system's allocator";
  const KeptMemory kept(96);
  const MemoryResult result = OptimizeMemory({.cleanup = Cleanup::kAlways});
  EXPECT_TRUE(result.is_done);
  EXPECT_EQ(result.source, "smaps_rollup");
  EXPECT_GE(result.returned_bytes, 80 * kMegabyte);
  EXPECT_EQ(result.before_bytes - result.after_bytes, result.returned_bytes);
}

// Threads allocate from arenas of their own, which stay theirs when all is freed.
TEST(MemoryCleanupTest, WhatThreadsAtWorkHaveFreedComesBack) {
  if (tests::kIsSanitized) GTEST_SKIP() << "needs the system's allocator";
  constexpr int kThreads = 4;
  std::latch is_freed(kThreads);
  std::latch is_over(1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const KeptMemory kept(24);
      is_freed.count_down();
      is_over.wait();
    });
  }
  is_freed.wait();
  const MemoryResult result = OptimizeMemory({});
  is_over.count_down();
  EXPECT_TRUE(result.is_done);
  EXPECT_GE(result.returned_bytes, kThreads * 20 * kMegabyte);
}

TEST(MemoryCleanupTest, IsLeftOutWhereItIsNotWorthwhile) {
  if (tests::kIsSanitized) GTEST_SKIP() << "needs the system's allocator";
  const KeptMemory kept(64);
  MemoryOptions options;
  options.worthwhile_bytes = kGigabyte;
  EXPECT_FALSE(OptimizeMemory(options).is_done);
  options.cleanup = Cleanup::kAlways;
  EXPECT_TRUE(OptimizeMemory(options).is_done);
  EXPECT_TRUE(OptimizeMemory({}).is_done);
}

TEST(MemoryCleanupTest, SaysHowItWasMeasured) {
  if (tests::kIsSanitized) GTEST_SKIP() << "needs the system's allocator";
  FakeRoot root;
  root.Put("proc/self/smaps_rollup", "Rss: 2048 kB\n");
  MemoryOptions options;
  options.root = root.path();
  const MemoryResult result = OptimizeMemory(options);
  EXPECT_EQ(result.before_bytes, 2 * kMegabyte);
  EXPECT_EQ(result.returned_bytes, 0U);
  const FakeRoot empty;
  options.root = empty.path();
  EXPECT_EQ(OptimizeMemory(options).source, "the process's own accounts");
}

TEST(MemoryCleanupTest, TheDocumentsSentences) {
  MemoryResult result;
  result.returned_bytes = 150 * kMegabyte;
  EXPECT_EQ(CleanupSentence(result), "Performance optimization completed - memory cleaned: 150MB");
  Resources resources;
  resources.memory_total.value = 100 * kGigabyte;
  resources.memory_available.value = 8 * kGigabyte;
  EXPECT_EQ(PressureSentence(resources), "Memory pressure detected: 92% usage");
  resources.memory_available.value = 11 * kGigabyte;
  EXPECT_FALSE(PressureSentence(resources));
}

}  // namespace
}  // namespace verbatim::performance
