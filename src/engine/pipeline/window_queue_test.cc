#include "pipeline/window_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

namespace verbatim::pipeline {
namespace {

using std::chrono::milliseconds;

WindowJob Job(int64_t index) {
  WindowJob job;
  job.window.index = index;
  return job;
}

TEST(WindowQueue, GivesBackInOrder) {
  WindowQueue queue(3);
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(queue.Push(Job(i), {}));
  EXPECT_EQ(queue.Pop({})->window.index, 0);
  EXPECT_EQ(queue.TryPop()->window.index, 1);
  EXPECT_EQ(queue.Pop({})->window.index, 2);
  EXPECT_FALSE(queue.TryPop());
}

TEST(WindowQueue, AllHearHowManyWindowsCameFirst) {
  WindowQueue queue(3);
  const auto await = [&] { return queue.AwaitFirst(3, {}); };
  auto early = std::async(std::launch::async, await);
  queue.Push(Job(0), {});
  queue.Push(Job(1), {});
  EXPECT_EQ(early.wait_for(milliseconds(30)), std::future_status::timeout);
  queue.Push(Job(2), {});
  EXPECT_EQ(early.get(), 3U);
  queue.Pop({});
  queue.Push(Job(3), {});
  queue.Close();
  EXPECT_EQ(await(), 3U);
}

TEST(WindowQueue, FewerWindowsThanAwaitedAreAll) {
  WindowQueue queue(3);
  queue.Push(Job(0), {});
  queue.Close();
  EXPECT_EQ(queue.AwaitFirst(3, {}), 1U);
  EXPECT_TRUE(queue.TryPop());
  EXPECT_EQ(queue.AwaitFirst(3, {}), 1U);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(WindowQueue(2).AwaitFirst(1, stop.get_token()), 0U);
}

TEST(WindowQueue, AFullQueueMakesTheReaderWait) {
  WindowQueue queue(2);
  queue.Push(Job(0), {});
  queue.Push(Job(1), {});
  auto third = std::async(std::launch::async, [&] { return queue.Push(Job(2), {}); });
  EXPECT_EQ(third.wait_for(milliseconds(30)), std::future_status::timeout);
  EXPECT_EQ(queue.Pop({})->window.index, 0);
  EXPECT_TRUE(third.get());
  EXPECT_EQ(queue.Pop({})->window.index, 1);
  EXPECT_EQ(queue.Pop({})->window.index, 2);
}

TEST(WindowQueue, WhatIsThereIsStillGivenOutAfterClosing) {
  WindowQueue queue(2);
  queue.Push(Job(0), {});
  auto waiting = std::async(std::launch::async, [&] {
    queue.Pop({});
    return queue.Pop({});  // comes to an empty queue, then to a closed one
  });
  EXPECT_EQ(waiting.wait_for(milliseconds(30)), std::future_status::timeout);
  queue.Push(Job(1), {});
  EXPECT_EQ(waiting.get()->window.index, 1);
  queue.Push(Job(2), {});
  queue.Close();
  EXPECT_EQ(queue.Pop({})->window.index, 2);
  EXPECT_FALSE(queue.Pop({}));
  EXPECT_FALSE(queue.TryPop());
}

TEST(WindowQueue, StopWakesReaderAndWorkers) {
  std::stop_source stop;
  WindowQueue full(1);
  WindowQueue empty(1);
  full.Push(Job(0), {});
  auto reader = std::async(std::launch::async, [&] { return full.Push(Job(1), stop.get_token()); });
  auto worker = std::async(std::launch::async, [&] { return empty.Pop(stop.get_token()); });
  EXPECT_EQ(reader.wait_for(milliseconds(30)), std::future_status::timeout);
  stop.request_stop();
  EXPECT_FALSE(reader.get());
  EXPECT_FALSE(worker.get());
  EXPECT_FALSE(full.Pop(stop.get_token()));  // no more work, even if there is some
}

TEST(WindowQueue, EveryWindowGoesToOneWorker) {
  constexpr int64_t kWindows = 2000;
  WindowQueue queue(3);
  std::vector<std::atomic<int>> taken(kWindows);
  {
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < 4; ++worker) {
      workers.emplace_back([&, worker] {
        while (true) {
          std::optional<WindowJob> job = worker % 2 == 0 ? queue.Pop({}) : queue.TryPop();
          if (!job && worker % 2 == 1) job = queue.Pop({});
          if (!job) return;
          ++taken[static_cast<size_t>(job->window.index)];
        }
      });
    }
    for (int64_t i = 0; i < kWindows; ++i) ASSERT_TRUE(queue.Push(Job(i), {}));
    queue.Close();
  }
  EXPECT_TRUE(std::ranges::all_of(taken, [](const auto& count) { return count == 1; }));
}

}  // namespace
}  // namespace verbatim::pipeline
