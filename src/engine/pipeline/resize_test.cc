// An engine whose size changes while calls run: no call notices, and what is too much goes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "media/test_wav.h"
#include "pipeline/test_calls.h"
#include "tests/sanitizers.h"

namespace verbatim::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{20'000};  // machines may be slow

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t mapped = 0;
  int64_t resident = 0;
  statm >> mapped >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

bool Comes(const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + kPatience;
  while (!condition()) {
    if (steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

class ResizeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!tests::TestModel("tiny.en")) GTEST_SKIP() << tests::ModelMissing("tiny.en");
  }

  static std::vector<FileRequest> Clips(int times) {
    std::vector<FileRequest> files;
    for (int i = 0; i < times; ++i) {
      for (const char* name : {"lj001_0004.mp3", "jfk.flac", "lj001_0005.mp3"}) {
        files.push_back({media::ProjectData(name)});
      }
    }
    return files;
  }
};

// A call that goes on until the test has seen enough.
class EndlessCall {
 public:
  explicit EndlessCall(Engine& engine)
      : told_(std::async(std::launch::async, [this, &engine] {
          const std::vector<FileRequest> files(5000, {media::ProjectData("lj001_0005.mp3")});
          TranscribeEvents events;
          events.on_window = [this](size_t, const WindowResult&) { ++windows_; };
          return RunCall(engine, files, {}, events, stop_.get_token());
        })) {}
  ~EndlessCall() {
    stop_.request_stop();
    EXPECT_EQ(told_.get().result.error().code, ErrorCode::kCancelled);
  }

  bool GoesOn(int windows) {
    const int before = windows_;
    return Comes([&] { return windows_ >= before + windows; });
  }

 private:
  std::stop_source stop_;
  std::atomic<int> windows_ = 0;
  std::future<Told> told_;
};

TEST_F(ResizeTest, TextsStayTheSameWhateverHappensMeanwhile) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto engine = OpenEngine("tiny.en", {2, 1, 2});
  TranscribeOptions beams;
  beams.beam_size = 3;
  const Told greedy_alone = RunCall(*engine, Clips(2));
  const Told beams_alone = RunCall(*engine, Clips(1), beams);
  auto greedy = std::async(std::launch::async, [&] { return RunCall(*engine, Clips(2)); });
  auto wide = std::async(std::launch::async, [&] { return RunCall(*engine, Clips(1), beams); });
  std::mt19937 random(seed);
  const auto is_running = [&](std::future<Told>& call) {
    return call.wait_for(milliseconds(random() % 150)) == std::future_status::timeout;
  };
  while (is_running(greedy) || is_running(wide)) {
    engine->Resize(static_cast<int>(random() % 4) + 1, static_cast<int>(random() % 4) + 1);
  }
  EXPECT_EQ(greedy.get().transcripts, greedy_alone.transcripts);
  EXPECT_EQ(wide.get().transcripts, beams_alone.transcripts);
}

TEST_F(ResizeTest, TheShapeIsThePresentOne) {
  const auto engine = OpenEngine("tiny.en", {2, 1, 2});
  engine->Resize(3, 5);
  EXPECT_EQ(engine->shape().workers, 3);
  EXPECT_EQ(engine->shape().batch, 5);
  EXPECT_EQ(engine->shape().threads, 1);  // as the options say
  engine->Resize(0, 1'000'000);
  EXPECT_EQ(engine->shape().workers, 1);
  EXPECT_EQ(engine->shape().batch, 64);
}

TEST_F(ResizeTest, FurtherWorkersStartAndThoseTooManyLeave) {
  const auto engine = OpenEngine("tiny.en", {1, 1, 1});
  EndlessCall call(*engine);
  EXPECT_TRUE(call.GoesOn(2));
  const int alone = ThreadCount();
  engine->Resize(3, 1);
  EXPECT_TRUE(Comes([&] { return engine->busy_workers() == 3; }));
  EXPECT_EQ(ThreadCount(), alone + 2);
  engine->Resize(1, 1);
  EXPECT_TRUE(Comes([&] { return ThreadCount() == alone; }));
  EXPECT_EQ(engine->busy_workers(), 1);
  EXPECT_TRUE(call.GoesOn(3));
}

TEST_F(ResizeTest, WhatIsTooMuchGoesBackToTheSystem) {
  if (tests::kIsSanitized) GTEST_SKIP() << "sanitizers keep what was freed";
  const auto engine = OpenEngine("tiny.en", {3, 1, 8});
  EndlessCall call(*engine);
  EXPECT_TRUE(call.GoesOn(30));  // all have had full batches
  const int64_t before = ResidentBytes();
  engine->Resize(1, 1);
  const auto predicted =
      static_cast<int64_t>(engine->PredictBytes(3, 8) - engine->PredictBytes(1, 1));
  EXPECT_TRUE(Comes([&] { return before - ResidentBytes() > predicted / 2; }))
      << "predicted: " << predicted << ", before: " << before << ", now: " << ResidentBytes();
  EXPECT_TRUE(call.GoesOn(3));
}

TEST_F(ResizeTest, AnIdleEngineHasTheNewSizeAtItsNextCall) {
  const auto engine = OpenEngine("tiny.en", {1, 1, 1});
  EXPECT_TRUE(RunCall(*engine, Clips(1)).result);
  engine->Resize(2, 1);
  EndlessCall call(*engine);
  EXPECT_TRUE(Comes([&] { return engine->busy_workers() == 2; }));
}

TEST_F(ResizeTest, MoreNeedsMore) {
  const auto engine = OpenEngine("tiny.en", {1, 1, 1});
  EXPECT_GT(engine->PredictBytes(0, 0), 30'000'000U);  // the weights have 39 million numbers
  EXPECT_GT(engine->PredictBytes(1, 1), engine->PredictBytes(0, 0));
  EXPECT_GT(engine->PredictBytes(1, 2), engine->PredictBytes(1, 1));
  EXPECT_EQ(engine->PredictBytes(3, 2) - engine->PredictBytes(2, 2),
            engine->PredictBytes(2, 2) - engine->PredictBytes(1, 2));
}

}  // namespace
}  // namespace verbatim::pipeline
