#include "kernels/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/contain.h"
#include "base/no_memory.h"

namespace verbatim::kernels {
namespace {

TEST(ThreadPoolTest, EveryPartRunsOnceOnAThreadOfThePool) {
  for (size_t threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    for (size_t round = 0; round < 300; ++round) {
      std::vector<std::atomic<int>> runs(round % 17);
      std::atomic<bool> is_known_thread = true;
      pool.Run(runs.size(), [&](size_t index, size_t thread) {
        ++runs[index];
        if (thread >= threads) is_known_thread = false;
      });
      for (const auto& count : runs) ASSERT_EQ(count, 1);
      ASSERT_TRUE(is_known_thread);
    }
  }
}

TEST(ThreadPoolTest, ResultsAreVisibleToTheCaller) {
  ThreadPool pool(2);
  std::vector<size_t> values(1000);
  pool.Run(values.size(), [&](size_t index, size_t) { values[index] = index * index; });
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], i * i);
}

TEST(ThreadPoolTest, APartThatGetsNoMemoryIsHeardOfWhenNoneIsAtWork) {
  ThreadPool pool(3);
  for (size_t bad = 0; bad < 20; ++bad) {
    std::atomic<int> at_work = 0;
    const Result<void> done = Contain([&] {
      pool.Run(20, [&](size_t index, size_t) {
        ++at_work;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
        --at_work;
        RequireMemory(index != bad);
      });
    });
    EXPECT_EQ(at_work, 0);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kBusy);
    std::atomic<int> count = 0;
    pool.Run(20, [&](size_t, size_t) { ++count; });
    EXPECT_EQ(count, 20);
  }
}

}  // namespace
}  // namespace verbatim::kernels
