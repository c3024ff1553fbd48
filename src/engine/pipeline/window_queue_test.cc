#include "pipeline/window_queue.h"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <thread>
#include <vector>

namespace verbatim::pipeline {
namespace {

using std::chrono::milliseconds;
using Options = WindowQueue::Options;
using Place = WindowQueue::Place;

constexpr milliseconds kMoment{30};

WindowJob Job(int64_t index) {
  WindowJob job;
  job.window.index = index;
  return job;
}

// Indices of calls are told apart by their hundreds.
void PushAll(Place& place, std::initializer_list<int64_t> indices) {
  for (const int64_t index : indices) ASSERT_TRUE(place.Push(Job(index), {}));
}

template <typename T>
bool IsWaiting(const std::future<T>& future) {
  return future.wait_for(kMoment) == std::future_status::timeout;
}

Options OneWorker() { return {.workers = 1, .waiting_max = 10}; }

// Takes windows as one worker with a large batch does, the first with a turn.
std::vector<int64_t> TakeAll(WindowQueue& queue) {
  std::vector<int64_t> taken;
  std::optional<Turn> turn = queue.Await(0);
  if (!turn) return taken;
  taken.push_back(turn->first.window.index);
  while (const std::optional<WindowJob> job = queue.TryTake(*turn))
    taken.push_back(job->window.index);
  queue.EndTurn(*turn);
  return taken;
}

TEST(WindowQueue, GivesBackInOrder) {
  WindowQueue queue(OneWorker());
  Place place(queue, {});
  PushAll(place, {0, 1, 2});
  place.EndReading();
  EXPECT_EQ(TakeAll(queue), (std::vector<int64_t>{0, 1, 2}));
}

TEST(WindowQueue, CallsTakeTurnsWithTheFewestInWorkFirst) {
  WindowQueue queue(OneWorker());
  Place longer(queue, {});
  PushAll(longer, {100, 101, 102, 103});
  const Turn turn = *queue.Await(0);
  const WindowJob second = *queue.TryTake(turn);
  Place shorter(queue, {});
  PushAll(shorter, {200, 201, 202, 203});
  std::vector<int64_t> taken;
  for (int i = 0; i < 3; ++i) taken.push_back(queue.TryTake(turn)->window.index);
  EXPECT_EQ(taken, (std::vector<int64_t>{200, 201, 102}));
  queue.Finish(turn.first);
  queue.Finish(second);  // the longer one has one in work, the shorter one two
  EXPECT_EQ(queue.TryTake(turn)->window.index, 103);
}

// With room for one window in all, too.
TEST(WindowQueue, ALongCallDoesNotComeFirstForever) {
  WindowQueue queue(OneWorker());
  Place longer(queue, {});
  PushAll(longer, {100, 101, 102, 103});
  Place shorter(queue, {});
  PushAll(shorter, {200, 201});
  std::vector<int64_t> taken;
  for (int i = 0; i < 5; ++i) {
    const Turn turn = *queue.Await(0);
    taken.push_back(turn.first.window.index);
    queue.Finish(turn.first);
    queue.EndTurn(turn);
  }
  EXPECT_EQ(taken, (std::vector<int64_t>{100, 200, 101, 201, 102}));
}

TEST(WindowQueue, PriorityGoesBeforeTurns) {
  WindowQueue queue(OneWorker());
  Place low(queue, {.priority = -1});
  PushAll(low, {100, 101});
  Place usual(queue, {});
  PushAll(usual, {200, 201});
  Place high(queue, {.priority = 7});
  PushAll(high, {300, 301});
  EXPECT_EQ(TakeAll(queue), (std::vector<int64_t>{300, 301, 200, 201, 100, 101}));
}

TEST(WindowQueue, AFullPlaceMakesItsReaderWaitAndNoOther) {
  WindowQueue queue({.workers = 1, .waiting_max = 2});
  Place full(queue, {});
  PushAll(full, {0, 1});
  auto third = std::async(std::launch::async, [&] { return full.Push(Job(2), {}); });
  Place other(queue, {});
  PushAll(other, {100, 101});
  EXPECT_TRUE(IsWaiting(third));
  EXPECT_EQ(queue.Await(0)->first.window.index, 0);
  EXPECT_TRUE(third.get());
}

TEST(WindowQueue, WhoeverFinishesLetsTheCallGo) {
  WindowQueue queue(OneWorker());
  Place place(queue, {});
  PushAll(place, {0, 1});
  place.EndReading();
  auto finished = std::async(std::launch::async, [&] { return place.AwaitFinished({}); });
  const Turn turn = *queue.Await(0);
  const WindowJob second = *queue.TryTake(turn);
  queue.Finish(second);
  EXPECT_TRUE(IsWaiting(finished));
  queue.Finish(turn.first);
  EXPECT_TRUE(finished.get());
}

TEST(WindowQueue, StopWakesTheCaller) {
  std::stop_source stop;
  WindowQueue queue({.workers = 1, .waiting_max = 1});
  Place reading(queue, {});
  Place read(queue, {});
  PushAll(reading, {0});
  PushAll(read, {100});
  read.EndReading();
  auto push =
      std::async(std::launch::async, [&] { return reading.Push(Job(1), stop.get_token()); });
  auto await = std::async(std::launch::async, [&] { return read.AwaitFinished(stop.get_token()); });
  EXPECT_TRUE(IsWaiting(push));
  EXPECT_TRUE(IsWaiting(await));
  stop.request_stop();
  EXPECT_FALSE(push.get());
  EXPECT_FALSE(await.get());
}

TEST(WindowQueue, ACallThatLeavesTakesItsWindowsAlong) {
  WindowQueue queue(OneWorker());
  Place stays(queue, {});
  std::optional<Turn> turn;
  {
    Place leaves(queue, {});
    PushAll(leaves, {100, 101, 102});
    turn = queue.Await(0);
    EXPECT_EQ(turn->first.window.index, 100);
    PushAll(stays, {200});
  }
  queue.Finish(turn->first);  // whose call is gone
  EXPECT_EQ(queue.TryTake(*turn)->window.index, 200);
  EXPECT_FALSE(queue.TryTake(*turn));
}

TEST(WindowQueue, ClosingEndsTheWorkers) {
  WindowQueue queue({.workers = 2});
  Place place(queue, {});
  auto worker = std::async(std::launch::async, [&] { return queue.Await(0).has_value(); });
  EXPECT_TRUE(IsWaiting(worker));
  queue.Close();
  EXPECT_FALSE(worker.get());
}

TEST(WindowQueue, TheFirstWindowsAreAwaitedForAllWorkers) {
  WindowQueue queue({.workers = 3, .waiting_max = 5, .first_wait = std::chrono::minutes(1)});
  Place place(queue, {});
  auto early = std::async(std::launch::async, [&] { return queue.Await(0)->shape.threads; });
  PushAll(place, {0, 1});
  EXPECT_TRUE(IsWaiting(early));
  PushAll(place, {2});
  EXPECT_EQ(early.get(), 1U);
}

TEST(WindowQueue, AReaderThatIsSlowIsNotAwaited) {
  WindowQueue queue({.workers = 3, .is_spreading = true, .first_wait = milliseconds(1)});
  Place place(queue, {});
  PushAll(place, {0});
  EXPECT_EQ(queue.Await(0)->shape.threads, 1U);  // more may come
}

// With fewer windows than workers their threads are spread over those that have work; never more
// run than there are.
// What came first may be taken back before it was begun.
TEST(WindowQueue, WithoutWindowsAWorkerSleeps) {
  WindowQueue queue({.workers = 2, .waiting_max = 10, .first_wait = milliseconds(1)});
  Place reading(queue, {});
  {
    Place left(queue, {});
    PushAll(left, {0});
  }
  std::this_thread::sleep_for(milliseconds(2));
  std::jthread worker([&] { queue.Await(0); });
  const auto used = [] {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  const auto before = used();
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_LT(used() - before, milliseconds(20));
  queue.Close();
}

TEST(WindowQueue, FewWindowsGetAllThreads) {
  const Options options{.workers = 4, .threads = 2, .is_spreading = true, .waiting_max = 6};
  const auto threads = [&](size_t windows) {
    WindowQueue queue(options);
    Place place(queue, {});
    for (size_t i = 0; i < windows; ++i) EXPECT_TRUE(place.Push(Job(0), {}));
    place.EndReading();
    std::vector<size_t> of_workers;
    for (size_t i = 0; i < std::min<size_t>(windows, 4); ++i)
      of_workers.push_back(queue.Await(0)->shape.threads);
    return of_workers;
  };
  EXPECT_EQ(threads(1), (std::vector<size_t>{8}));
  EXPECT_EQ(threads(2), (std::vector<size_t>{4, 4}));
  EXPECT_EQ(threads(3), (std::vector<size_t>{2, 2, 2}));
  EXPECT_EQ(threads(5), (std::vector<size_t>{2, 2, 2, 2}));
}

TEST(WindowQueue, ThreadsOfOthersAreGivenBackToThem) {
  WindowQueue queue({.workers = 2, .is_spreading = true, .waiting_max = 4});
  Place first(queue, {});
  PushAll(first, {0});
  first.EndReading();
  const Turn turn = *queue.Await(0);
  EXPECT_EQ(turn.shape.threads, 2U);
  Place second(queue, {});
  PushAll(second, {100, 101, 102});
  auto other = std::async(std::launch::async, [&] { return queue.Await(0)->shape.threads; });
  EXPECT_FALSE(queue.TryTake(turn));
  EXPECT_TRUE(IsWaiting(other));  // there is no thread for it
  queue.EndTurn(turn);
  EXPECT_EQ(other.get(), 1U);
  EXPECT_EQ(queue.Await(0)->shape.threads, 1U);
}

// Two windows for two workers are one for each, whoever is the quicker one.
TEST(WindowQueue, AWorkerLeavesWindowsToThoseWithout) {
  WindowQueue queue({.workers = 2, .waiting_max = 4});
  Place place(queue, {});
  PushAll(place, {0, 1});
  const Turn turn = *queue.Await(0);
  auto second = std::async(std::launch::async, [&] { return queue.Await(0)->first.window.index; });
  EXPECT_EQ(second.get(), 1);
  EXPECT_FALSE(queue.TryTake(turn));
}

TEST(WindowQueue, AWorkerIsMadeForAllCallsThereAre) {
  WindowQueue queue(OneWorker());
  Place narrow(queue, {.size = {.width = 3, .positions = 20}});
  PushAll(narrow, {100, 101, 102, 103});
  const Turn before = *queue.Await(0);
  EXPECT_EQ(before.shape.size, (DecoderSize{3, 0, 20}));
  EXPECT_TRUE(queue.TryTake(before));

  // Its turn comes to an end, so that those who need more do not wait for ever.
  Place wide(queue, {.size = {.width = 2, .positions = 30}});
  PushAll(wide, {200});
  EXPECT_FALSE(queue.TryTake(before));
  queue.EndTurn(before);
  const Turn after = *queue.Await(0);
  EXPECT_EQ(after.first.window.index, 200);
  EXPECT_EQ(after.shape.size, (DecoderSize{3, 0, 30}));
  EXPECT_EQ(queue.TryTake(after)->window.index, 102);
}

// Making a worker anew takes time, and memory that is not given back at once.
TEST(WindowQueue, AWorkerStaysWhatItIsIfItCan) {
  WindowQueue queue({.workers = 2, .is_spreading = true, .waiting_max = 4});
  Place place(queue, {.size = {.width = 3, .positions = 20}});
  PushAll(place, {0, 1, 2, 3});
  place.EndReading();
  const auto threads_of = [&](const WorkerShape& now) {
    const Turn turn = *queue.Await(0, now);
    queue.Finish(turn.first);
    queue.EndTurn(turn);
    return std::pair(turn.shape.threads, turn.shape.size);
  };
  const DecoderSize needed{3, 0, 20};
  const DecoderSize larger{9, 0, 20};
  const DecoderSize smaller{2, 0, 20};
  EXPECT_EQ(threads_of({1, 1, larger}), std::pair(size_t{1}, larger));
  EXPECT_EQ(threads_of({2, 1, larger}), std::pair(size_t{1}, needed));  // others have work again
  EXPECT_EQ(threads_of({1, 1, smaller}), std::pair(size_t{1}, needed));
  EXPECT_EQ(threads_of({1, 1, larger}), std::pair(size_t{1}, larger));  // though it is the last one
}

TEST(WindowQueue, OneWorkerTooManyLeavesAtTheEndOfItsTurn) {
  WindowQueue queue({.workers = 2, .waiting_max = 10});
  EXPECT_EQ(queue.Resize({.workers = 2, .waiting_max = 10}), (std::vector<size_t>{0, 1}));
  Place place(queue, {});
  PushAll(place, {0, 1, 2, 3});
  const Turn first = *queue.Await(0);
  const Turn second = *queue.Await(1);
  EXPECT_TRUE(queue.TryTake(second));
  EXPECT_TRUE(queue.Resize(OneWorker()).empty());
  EXPECT_FALSE(queue.TryTake(second));
  EXPECT_EQ(queue.TryTake(first)->window.index, 3);  // the other one goes on
  queue.EndTurn(second);
  EXPECT_FALSE(queue.Await(1));
  EXPECT_EQ(queue.Resize({.workers = 3, .waiting_max = 10}), (std::vector<size_t>{1, 2}));
}

// One that was sent away and is wanted again before it has left stays.
TEST(WindowQueue, AWorkerThatIsStillThereIsNotMissed) {
  WindowQueue queue({.workers = 2, .waiting_max = 10});
  queue.Resize({.workers = 2, .waiting_max = 10});
  Place place(queue, {});
  PushAll(place, {0, 1});
  const Turn turn = *queue.Await(1);
  queue.Resize(OneWorker());
  EXPECT_TRUE(queue.Resize({.workers = 2, .waiting_max = 10}).empty());
  EXPECT_TRUE(queue.TryTake(turn));
}

TEST(WindowQueue, AnIdleWorkerTooManyLeavesAtOnce) {
  WindowQueue queue({.workers = 2, .waiting_max = 10});
  queue.Resize({.workers = 2, .waiting_max = 10});
  auto second = std::async(std::launch::async, [&] { return queue.Await(1).has_value(); });
  EXPECT_TRUE(IsWaiting(second));
  queue.Resize(OneWorker());
  EXPECT_FALSE(second.get());
}

TEST(WindowQueue, AnotherBatchOrNumberOfThreadsBeginsWithTheNextTurn) {
  WindowQueue queue({.workers = 1, .batch = 4, .waiting_max = 10});
  queue.Resize({.workers = 1, .batch = 4, .waiting_max = 10});
  Place place(queue, {});
  PushAll(place, {0, 1, 2, 3});
  const Turn before = *queue.Await(0);
  for (const Options& options :
       {Options{.workers = 1, .batch = 2, .waiting_max = 10},
        Options{.workers = 1, .threads = 2, .batch = 4, .waiting_max = 10}}) {
    queue.Resize(options);
    EXPECT_FALSE(queue.TryTake(before));
  }
  queue.EndTurn(before);
  const Turn after = *queue.Await(0, before.shape);
  EXPECT_EQ(after.shape.threads, 2U);
  queue.Resize({.workers = 1, .threads = 2, .batch = 1, .waiting_max = 10});
  queue.EndTurn(after);
  EXPECT_EQ(queue.Await(0, after.shape)->shape.batch, 1U);
}

TEST(WindowQueue, MoreWorkersMakeRoomForMoreWindows) {
  WindowQueue queue({.workers = 1, .waiting_max = 1});
  Place place(queue, {});
  PushAll(place, {0});
  auto pushed = std::async(std::launch::async, [&] { return place.Push(Job(1), {}); });
  EXPECT_TRUE(IsWaiting(pushed));
  queue.Resize({.workers = 2, .waiting_max = 2});
  EXPECT_TRUE(pushed.get());
}

// Room for workers whose windows are no more than so many, all together.
class Rooms {
 public:
  explicit Rooms(size_t windows) : windows_(windows) {}

  Options For(size_t workers, size_t batch) {
    Options options{.workers = workers, .batch = batch, .waiting_max = 10};
    options.has_room = [this](size_t worker, const WorkerShape& shape, Need need) {
      needs.push_back(need);
      taken_.erase(worker);
      size_t sum = shape.batch;
      for (const auto& [other, batch_of_other] : taken_) sum += batch_of_other;
      if (sum > windows_) return false;
      taken_[worker] = shape.batch;
      return true;
    };
    return options;
  }

  std::vector<Need> needs;  // as asked

 private:
  size_t windows_;
  std::map<size_t, size_t> taken_;
};

TEST(WindowQueue, AWorkerWithoutRoomLeavesItsShareToTheOthers) {
  Rooms rooms(5);
  WindowQueue queue(rooms.For(3, 2));
  queue.Resize(rooms.For(3, 2));
  Place place(queue, {});
  PushAll(place, {0, 1, 2, 3});
  const Turn first = *queue.Await(0);
  ASSERT_TRUE(queue.Await(1));
  EXPECT_FALSE(queue.Await(2));
  EXPECT_EQ(queue.refusals(), 1U);
  EXPECT_EQ(queue.TryTake(first)->window.index, 2);  // it lost no window
  EXPECT_FALSE(queue.has_failed());
  EXPECT_EQ(queue.Resize(rooms.For(3, 2)), (std::vector<size_t>{2}));  // it may try again
}

TEST(WindowQueue, TheLastWorkerGetsSmallerBatches) {
  Rooms rooms(2);
  WindowQueue queue(rooms.For(1, 8));
  queue.Resize(rooms.For(1, 8));
  Place place(queue, {});
  PushAll(place, {0});
  EXPECT_EQ(queue.Await(0)->shape.batch, 2U);
  EXPECT_EQ(queue.refusals(), 2U);
  EXPECT_EQ(rooms.needs, (std::vector<Need>(3, Need::kWelcome)));
}

// One that leaves in any case is none that others can rely on.
TEST(WindowQueue, AWorkerIsTheLastIfAllOthersAreTooMany) {
  Rooms rooms(2);
  WindowQueue queue(rooms.For(2, 1));
  queue.Resize(rooms.For(2, 1));
  Place place(queue, {});
  PushAll(place, {0, 1});
  const WorkerShape before = queue.Await(0)->shape;
  const Turn leaving = *queue.Await(1);
  queue.Resize(rooms.For(1, 2));
  queue.EndTurn({{}, before, 0});
  queue.EndTurn(leaving);
  EXPECT_EQ(queue.refusals(), 0U);
  PushAll(place, {2});
  EXPECT_EQ(queue.Await(0, before)->shape.batch, 1U);
  EXPECT_EQ(queue.refusals(), 1U);
}

TEST(WindowQueue, WhereThereIsNoRoomAtAllEveryCallFails) {
  Rooms rooms(0);
  WindowQueue queue(rooms.For(2, 2));
  queue.Resize(rooms.For(2, 2));
  Place place(queue, {});
  Place other(queue, {});
  PushAll(place, {0, 1});
  place.EndReading();
  auto waiting = std::async(std::launch::async, [&] { return place.AwaitFinished({}); });
  EXPECT_FALSE(queue.Await(1));
  EXPECT_TRUE(IsWaiting(waiting));  // for the other one
  EXPECT_FALSE(queue.Await(0));
  EXPECT_EQ(rooms.needs.back(), Need::kOnly);
  EXPECT_FALSE(waiting.get());
  EXPECT_TRUE(queue.has_failed());
  EXPECT_FALSE(other.Push(Job(2), {}));
}

// Else a reader whose windows are taken at once would read to the end of a long file.
TEST(WindowQueue, AStoppedReaderPushesNothingMore) {
  WindowQueue queue({.workers = 1, .waiting_max = 2});
  WindowQueue::Place place(queue, {});
  std::stop_source stop;
  EXPECT_TRUE(place.Push(Job(0), stop.get_token()));
  stop.request_stop();
  EXPECT_FALSE(place.Push(Job(1), stop.get_token()));
}

// Workers and readers of several calls at once, one of which is stopped.
TEST(WindowQueue, EveryWindowGoesToOneWorker) {
  constexpr int64_t kWindows = 700;
  constexpr size_t kCalls = 3;
  WindowQueue queue({.workers = 4, .waiting_max = 3});
  std::vector<std::atomic<int>> taken(kCalls * kWindows);
  std::vector<std::jthread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&] {
      while (const std::optional<Turn> turn = queue.Await(0)) {
        ++taken[static_cast<size_t>(turn->first.window.index)];
        queue.Finish(turn->first);
        for (int i = 0; i < 3; ++i) {
          const std::optional<WindowJob> job = queue.TryTake(*turn);
          if (!job) break;
          ++taken[static_cast<size_t>(job->window.index)];
          queue.Finish(*job);
        }
        queue.EndTurn(*turn);
      }
    });
  }
  std::vector<std::jthread> readers;
  std::stop_source stop;
  for (size_t call = 0; call < kCalls; ++call) {
    readers.emplace_back([&, call] {
      Place place(queue, {.priority = static_cast<int>(call) % 2});
      const std::stop_token token = call == 2 ? stop.get_token() : std::stop_token();
      for (int64_t i = 0; i < kWindows; ++i) {
        if (!place.Push(Job(static_cast<int64_t>(call) * kWindows + i), token)) return;
        if (call == 2 && i == kWindows / 2) stop.request_stop();
      }
      place.EndReading();
      EXPECT_TRUE(place.AwaitFinished(token));
    });
  }
  readers.clear();  // waits for them
  queue.Close();
  workers.clear();
  const auto once = [](const auto& count) { return count == 1; };
  EXPECT_TRUE(std::all_of(taken.begin(), taken.begin() + 2 * kWindows, once));
  EXPECT_TRUE(std::all_of(taken.begin() + 2 * kWindows, taken.end(),
                          [](const auto& count) { return count <= 1; }));
}

}  // namespace
}  // namespace verbatim::pipeline
