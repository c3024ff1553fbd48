#include "pipeline/collector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "transcript/writers.h"

namespace verbatim::pipeline {
namespace {

using transcript::Segment;
using transcript::Transcript;

constexpr SampleTime kSecond{kSampleRate};

WindowResult MakeResult(size_t file, int64_t index) {
  WindowResult result;
  result.window.index = index;
  const SampleTime begin = kSecond * index * 10;
  result.window.segments = {{begin, begin + kSecond * 8, 0.9F, 1}};
  result.coverage = {{begin, begin + kSecond * 8, transcript::CoverageKind::kTranscribed, ""}};
  Segment segment;
  segment.begin = begin + kSecond;
  segment.end = begin + kSecond * 3;
  segment.text = " File " + std::to_string(file) + ", window " + std::to_string(index) + ".";
  segment.words = {{segment.text, segment.begin, segment.end, 0.8F}};
  result.segments = {segment};
  result.language = "en";
  return result;
}

FileSummary Summary(int64_t windows) { return {kSecond * windows * 10, windows, {}}; }

// Writes down all that it is told, and checks the order while it does.
class Listener {
 public:
  explicit Listener(size_t files) : requests_(files), next_window_(files), progress_(files) {
    for (size_t i = 0; i < files; ++i) requests_[i].path = "file" + std::to_string(i);
    events_.on_progress = [this](const Progress& progress) { TakeProgress(progress); };
    events_.on_segment = [this](size_t file, const Segment& segment) {
      EXPECT_EQ(segment.text, " File " + std::to_string(file) + ", window " +
                                  std::to_string(next_window_[file]++) + ".");
    };
    events_.on_file = [this](size_t file, Result<Transcript> transcript) {
      EXPECT_EQ(file, results_.size());  // each once, in order
      results_.push_back(std::move(transcript));
    };
  }

  std::span<const FileRequest> requests() const { return requests_; }
  const TranscribeEvents& events() const { return events_; }
  const std::vector<Result<Transcript>>& results() const { return results_; }
  const Progress& last_progress(size_t file) const { return progress_[file]; }
  int64_t segments(size_t file) const { return next_window_[file]; }

 private:
  void TakeProgress(const Progress& progress) {
    Progress& before = progress_[progress.file];
    EXPECT_GE(progress.position, before.position);
    EXPECT_GE(progress.share, before.share);
    EXPECT_LE(progress.share, 1.0);
    before = progress;
  }

  std::vector<FileRequest> requests_;
  TranscribeEvents events_;
  std::vector<int64_t> next_window_;
  std::vector<Progress> progress_;
  std::vector<Result<Transcript>> results_;
};

std::string Json(const Transcript& transcript) {
  return Render(transcript, transcript::Format::kJson, {}, transcript::WordTimes::kWrite);
}

const RunTraits kTraits = {"translate", "tiny", "de"};

TEST(Collector, FilesComeWholeAndInOrder) {
  Listener listener(3);
  Collector collector(listener.requests(), listener.events(), kTraits);
  collector.Deliver(collector.file(1), MakeResult(1, 0));
  collector.Read(collector.file(1), Summary(1));
  collector.Deliver(collector.file(0), MakeResult(0, 1));
  collector.Read(collector.file(0), Summary(2));
  EXPECT_TRUE(listener.results().empty());
  EXPECT_EQ(listener.segments(1), 1);  // segments do not wait for other files
  EXPECT_EQ(listener.segments(0), 0);
  collector.Deliver(collector.file(0), MakeResult(0, 0));
  EXPECT_EQ(listener.results().size(), 2U);
  collector.Read(collector.file(2), {kSecond * 5, 0, {}});
  ASSERT_EQ(listener.results().size(), 3U);
  const Transcript& first = *listener.results()[0];
  EXPECT_EQ(first.source, "file0");
  EXPECT_EQ(first.task, "translate");
  EXPECT_EQ(first.model, "tiny");
  EXPECT_EQ(first.language, "en");
  EXPECT_EQ(listener.results()[2]->language, "de");  // nothing said: the language asked for
  EXPECT_EQ(listener.last_progress(0).share, 1.0);
  EXPECT_EQ(listener.last_progress(0).position, kSecond * 20);
}

TEST(Collector, AFailureDoesNotStopTheOthers) {
  Listener listener(3);
  Collector collector(listener.requests(), listener.events(), kTraits);
  collector.Read(collector.file(0), Summary(1));
  collector.Failed(collector.file(1), {ErrorCode::kUnsupportedMedia, "no sound"});
  collector.Deliver(collector.file(1), MakeResult(1, 0));  // was on its way
  collector.Deliver(collector.file(2), MakeResult(2, 0));
  collector.Read(collector.file(2), Summary(1));
  EXPECT_TRUE(listener.results().empty());
  collector.Deliver(collector.file(0), MakeResult(0, 0));
  ASSERT_EQ(listener.results().size(), 3U);
  EXPECT_TRUE(listener.results()[0]);
  EXPECT_EQ(listener.results()[1].error().code, ErrorCode::kUnsupportedMedia);
  EXPECT_TRUE(listener.results()[2]);
}

// A container may claim any length; what is shown only ever goes forward.
TEST(Collector, ProgressNeverRunsBackwards) {
  for (const int64_t claimed : {0, 1, 25, 60, 1000}) {
    Listener listener(1);
    Collector collector(listener.requests(), listener.events(), kTraits);
    for (int64_t i = 0; i < 6; ++i) {
      collector.Reading(collector.file(0), kSecond * claimed, static_cast<double>(i + 1) / 6);
      collector.Deliver(collector.file(0), MakeResult(0, i));
      std::this_thread::sleep_for(std::chrono::milliseconds(101));  // the pace of reports
    }
    const Progress before = listener.last_progress(0);
    EXPECT_GT(before.position, SampleTime{0}) << claimed;
    EXPECT_LT(before.share, 1.0) << claimed;  // not done, whatever the container says
    collector.Read(collector.file(0), Summary(6));
    EXPECT_EQ(listener.last_progress(0).share, 1.0) << claimed;
    EXPECT_EQ(listener.last_progress(0).position, kSecond * 60) << claimed;
    EXPECT_EQ(listener.last_progress(0).duration, kSecond * 60) << claimed;
  }
}

TEST(Collector, WithoutListenersNothingIsMissed) {
  const std::vector<FileRequest> requests(1);
  const TranscribeEvents nobody;
  Collector collector(requests, nobody, kTraits);
  collector.Reading(collector.file(0), kSecond, 0.5);
  collector.Deliver(collector.file(0), MakeResult(0, 0));
  collector.Read(collector.file(0), Summary(1));
  EXPECT_TRUE(collector.file(0).is_whole());
}

// Windows of several files, delivered by several threads in any order.
std::vector<std::string> Race(uint32_t seed) {
  constexpr size_t kFiles = 4;
  constexpr int64_t kWindows = 12;
  Listener listener(kFiles);
  Collector collector(listener.requests(), listener.events(), kTraits);
  std::vector<std::pair<size_t, int64_t>> deliveries;
  for (size_t file = 0; file < kFiles; ++file) {
    for (int64_t i = -1; i < kWindows; ++i) deliveries.emplace_back(file, i);
  }
  std::mt19937 random(seed);
  std::ranges::shuffle(deliveries, random);
  std::atomic<size_t> next{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&] {
        for (size_t at = next++; at < deliveries.size(); at = next++) {
          const auto& [file, window] = deliveries[at];
          if (window < 0) {
            collector.Read(collector.file(file), Summary(kWindows));
          } else {
            collector.Deliver(collector.file(file), MakeResult(file, window));
          }
        }
      });
    }
  }
  std::vector<std::string> texts;
  for (const Result<Transcript>& result : listener.results()) texts.push_back(Json(*result));
  EXPECT_EQ(texts.size(), kFiles);
  return texts;
}

TEST(Collector, AnyOrderOfDeliveryGivesTheSameTranscripts) {
  const std::vector<std::string> expected = Race(0);
  for (uint32_t seed = 1; seed < 30; ++seed) EXPECT_EQ(Race(seed), expected) << seed;
}

}  // namespace
}  // namespace verbatim::pipeline
