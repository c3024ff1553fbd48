// Several calls at once: the same texts as alone, turns that are fair, and no call that disturbs
// another by being stopped.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "media/test_wav.h"
#include "pipeline/test_calls.h"

namespace verbatim::pipeline {
namespace {

using std::chrono::steady_clock;

std::vector<FileRequest> Clips(std::initializer_list<const char*> names) {
  std::vector<FileRequest> files;
  for (const char* name : names) files.push_back({media::ProjectData(name)});
  return files;
}

class ConcurrentCallsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!tests::TestModel("tiny.en")) GTEST_SKIP() << tests::ModelMissing("tiny.en");
  }

  struct Request {
    std::vector<FileRequest> files;
    TranscribeOptions options;
  };

  static void ExpectSameTextsAsAlone(Engine& engine, const std::vector<Request>& calls) {
    std::vector<Told> alone;
    for (const Request& call : calls) alone.push_back(RunCall(engine, call.files, call.options));
    std::vector<std::future<Told>> together;
    std::latch start(static_cast<ptrdiff_t>(calls.size()));
    for (const Request& call : calls) {
      together.push_back(std::async(std::launch::async, [&] {
        start.arrive_and_wait();
        return RunCall(engine, call.files, call.options);
      }));
    }
    for (size_t i = 0; i < calls.size(); ++i) {
      const Told told = together[i].get();
      EXPECT_TRUE(told.result) << i;
      EXPECT_EQ(alone[i].transcripts.size(), calls[i].files.size());
      EXPECT_EQ(told.transcripts, alone[i].transcripts) << "call " << i;
      EXPECT_EQ(told.heard, alone[i].heard) << "call " << i;
    }
  }
};

TEST_F(ConcurrentCallsTest, TextsAreThoseOfEachCallAlone) {
  Request greedy{Clips({"lj001_0004.mp3", "jfk.flac"}), {}};
  Request beams{Clips({"lj001_0005.mp3", "lj001_0004.mp3"}), {}};
  beams.options.beam_size = 4;
  Request prompted{Clips({"jfk.flac", "lj001_0005.mp3"}), {}};
  for (int i = 0; i < 150; ++i) prompted.options.initial_prompt += " telescope";
  prompted.options.priority = 1;
  Request doubtful{Clips({"lj001_0004.mp3"}), {}};
  doubtful.options.logprob_min = -0.01F;
  doubtful.options.no_speech_max = 1;
  doubtful.options.best_of = 3;
  doubtful.options.temperatures = {0.0F, 0.6F};
  Request timed{Clips({"jfk.flac", "lj001_0005.mp3"}), {}};
  timed.options.segment_times = SegmentTimes::kTokens;
  Request looking{Clips({"lj001_0005.mp3", "jfk.flac"}), {}};
  looking.options.unsure_beam_size = 1;
  const auto engine = OpenEngine("tiny.en", {2, 1, 3});
  ExpectSameTextsAsAlone(*engine, {greedy, beams, prompted, doubtful, timed, looking});
}

TEST_F(ConcurrentCallsTest, LanguagesAndTasksDoNotMix) {
  if (!tests::TestModel("base")) GTEST_SKIP() << tests::ModelMissing("base");
  Request unknown{Clips({"lj001_0004.mp3"}), {}};
  Request german{Clips({"lj001_0005.mp3"}), {}};
  german.options.language = "de";
  Request translated{Clips({"lj001_0004.mp3"}), {}};
  translated.options.language = "fr";
  translated.options.task = Task::kTranslate;
  const auto engine = OpenEngine("base", {2, 1, 2});
  ExpectSameTextsAsAlone(*engine, {unknown, german, translated});
}

// One worker that holds one window, so the order of windows is that of the queue. The first call's
// first window is held until `ready` is counted down.
class TurnsTest : public ConcurrentCallsTest {
 protected:
  // Runs a long call, and a second one as soon as that has its first window; says how many windows
  // of the long one came before the second one's last.
  size_t LongWindowsBefore(const Request& second, size_t reading_file) {
    const auto engine = OpenEngine("tiny.en", {1, 1, 1});
    const std::vector<FileRequest> files(8, {media::ProjectData("lj001_0004.mp3")});
    std::atomic<size_t> long_windows{0};
    std::latch has_begun(1);
    std::latch is_read(1);
    TranscribeEvents long_events;
    long_events.on_window = [&](size_t, const WindowResult&) {
      if (long_windows++ > 0) return;
      has_begun.count_down();
      is_read.wait();
    };
    auto longer =
        std::async(std::launch::async, [&] { return RunCall(*engine, files, {}, long_events); });
    has_begun.wait();
    size_t before = 0;
    TranscribeEvents events;
    // A file is opened when all windows of those before it wait in the queue.
    events.on_plan = [&](size_t file, const split::SplitPlan&) {
      if (file == reading_file) is_read.count_down();
    };
    events.on_window = [&](size_t, const WindowResult&) { before = long_windows; };
    EXPECT_TRUE(RunCall(*engine, second.files, second.options, events).result);
    EXPECT_TRUE(longer.get().result);
    EXPECT_EQ(long_windows, files.size());
    return before;
  }
};

TEST_F(TurnsTest, AShortFileDoesNotWaitBehindALongOne) {
  // The second file's window comes after one of the long call at most.
  EXPECT_LE(LongWindowsBefore({Clips({"lj001_0004.mp3", "lj001_0005.mp3"}), {}}, 1), 3U);
}

TEST_F(TurnsTest, AHigherPriorityGoesFirst) {
  Request urgent{Clips({"lj001_0004.mp3", "lj001_0004.mp3", "lj001_0005.mp3", "lj001_0005.mp3"}),
                 {}};
  urgent.options.priority = 1;
  EXPECT_EQ(LongWindowsBefore(urgent, 3), 1U);
}

TEST_F(TurnsTest, ALowerPriorityGoesLast) {
  Request later{Clips({"lj001_0004.mp3", "lj001_0005.mp3"}), {}};
  later.options.priority = -1;
  EXPECT_EQ(LongWindowsBefore(later, 1), 8U);
}

TEST_F(ConcurrentCallsTest, AStoppedCallLeavesTheOthersAlone) {
  const auto engine = OpenEngine("tiny.en", {2, 1, 3});
  const Request staying{Clips({"lj001_0004.mp3", "jfk.flac", "lj001_0005.mp3"}), {}};
  const Told alone = RunCall(*engine, staying.files);
  const std::vector<FileRequest> many(40, {media::ProjectData("jfk.flac")});
  for (const size_t windows : {size_t{0}, size_t{1}, size_t{4}}) {
    std::stop_source stop;
    std::atomic<bool> has_returned{false};
    steady_clock::time_point stopped;
    size_t seen = 0;
    const auto stop_now = [&] {
      stopped = steady_clock::now();
      stop.request_stop();
    };
    TranscribeEvents events;
    events.on_plan = [&](size_t file, const split::SplitPlan&) {
      if (windows == 0 && file == 0) stop_now();
    };
    events.on_window = [&](size_t, const WindowResult&) {
      EXPECT_FALSE(has_returned);
      if (++seen == windows) stop_now();
    };
    auto stays = std::async(std::launch::async, [&] { return RunCall(*engine, staying.files); });
    const Told leaves = RunCall(*engine, many, {}, events, stop.get_token());
    has_returned = true;
    EXPECT_LT(steady_clock::now() - stopped, std::chrono::seconds(1));
    ASSERT_FALSE(leaves.result);
    EXPECT_EQ(leaves.result.error().code, ErrorCode::kCancelled);
    EXPECT_LT(leaves.transcripts.size(), many.size());
    EXPECT_EQ(stays.get().transcripts, alone.transcripts) << windows;
  }
}

TEST_F(ConcurrentCallsTest, WorkersLiveAsLongAsThereAreCalls) {
  const auto engine = OpenEngine("tiny.en", {2, 1, 1});
  const int before = ThreadCount();
  EXPECT_EQ(engine->busy_workers(), 0);
  int busy_least = 99;
  int threads = 0;
  TranscribeEvents events;
  events.on_window = [&](size_t, const WindowResult&) {
    busy_least = std::min(busy_least, engine->busy_workers());
    threads = std::max(threads, ThreadCount());
  };
  EXPECT_TRUE(RunCall(*engine, Clips({"lj001_0004.mp3", "lj001_0005.mp3"}), {}, events).result);
  EXPECT_GE(busy_least, 1);
  EXPECT_GE(threads, before + 2);
  EXPECT_EQ(engine->busy_workers(), 0);
  EXPECT_EQ(ThreadCount(), before);
}

// Calls that come, go and are stopped at any moment.
TEST_F(ConcurrentCallsTest, CallsComeAndGo) {
  const auto engine = OpenEngine("tiny.en", {2, 1, 2});
  const std::vector<FileRequest> file = Clips({"lj001_0005.mp3"});
  const std::string expected = RunCall(*engine, file).transcripts.at(0);
  std::atomic<int> whole{0};
  std::vector<std::jthread> callers;
  for (uint32_t caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&, caller] {
      std::mt19937 random(caller);
      for (int i = 0; i < 4; ++i) {
        std::stop_source stop;
        std::jthread stopper;
        const bool stops = random() % 2 == 0;
        const std::chrono::milliseconds delay(random() % 300);
        if (stops) {
          stopper = std::jthread([&stop, delay] {
            std::this_thread::sleep_for(delay);
            stop.request_stop();
          });
        }
        TranscribeOptions options;
        options.beam_size = 1;
        const Told told = RunCall(*engine, file, options, {}, stop.get_token());
        if (!told.result) {
          EXPECT_EQ(told.result.error().code, ErrorCode::kCancelled);
          EXPECT_TRUE(stops);
          continue;
        }
        EXPECT_EQ(told.transcripts.at(0), expected);
        ++whole;
      }
    });
  }
  callers.clear();  // waits for them
  EXPECT_GE(whole, 3);
  EXPECT_EQ(engine->busy_workers(), 0);
}

}  // namespace
}  // namespace verbatim::pipeline
