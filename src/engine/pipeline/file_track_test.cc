#include "pipeline/file_track.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "transcript/writers.h"

namespace verbatim::pipeline {
namespace {

using transcript::CoverageKind;
using transcript::CoverageSpan;
using transcript::Segment;
using transcript::Transcript;

constexpr SampleTime kSecond{kSampleRate};

std::string Json(const Transcript& transcript) {
  return Render(transcript, transcript::Format::kJson, {}, transcript::WordTimes::kWrite);
}

// Window `index` holds the seconds [index * 10, index * 10 + 8) and says its number.
WindowResult MakeResult(int64_t index) {
  WindowResult result;
  result.window.index = index;
  const SampleTime begin = kSecond * index * 10;
  result.window.segments = {{begin, begin + kSecond * 8, 0.9F, 1}};
  result.coverage = {{begin, begin + kSecond * 8, CoverageKind::kTranscribed, ""}};
  Segment segment;
  segment.begin = begin + kSecond;
  segment.end = begin + kSecond * 3;
  segment.text = " Number " + std::to_string(index) + ".";
  segment.words = {{segment.text, segment.begin, segment.end, 0.8F}};
  segment.window = index;
  result.segments = {segment};
  result.language = index % 3 == 0 ? "de" : "en";
  result.language_probability = 0.5F;
  return result;
}

FileSummary Summary(int64_t windows) { return {kSecond * windows * 10, windows, {}}; }

Transcript AssembleInOrder(const std::vector<int64_t>& order) {
  FileTrack track(0, "talk.mp4");
  std::vector<std::string> heard;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == order.size() / 2) track.Summarize(Summary(std::ssize(order)));
    for (const Segment& segment : track.Deliver(MakeResult(order[i])))
      heard.push_back(segment.text);
    EXPECT_EQ(track.is_whole(), i + 1 == order.size());
  }
  for (size_t i = 0; i < heard.size(); ++i) {
    EXPECT_EQ(heard[i], " Number " + std::to_string(i) + ".");
  }
  EXPECT_EQ(heard.size(), order.size());
  return track.Assemble();
}

TEST(FileTrack, AnyOrderGivesTheSameTranscript) {
  std::vector<int64_t> order(6);
  std::iota(order.begin(), order.end(), 0);
  const std::string expected = Json(AssembleInOrder(order));
  while (std::ranges::next_permutation(order).found) {  // all 720
    ASSERT_EQ(Json(AssembleInOrder(order)), expected);
  }
}

TEST(FileTrack, PositionFollowsTheWindowsInLine) {
  FileTrack track(4, "a");
  EXPECT_EQ(track.index(), 4U);
  EXPECT_TRUE(track.Deliver(MakeResult(1)).empty());
  EXPECT_EQ(track.position(), SampleTime{0});
  EXPECT_EQ(track.Deliver(MakeResult(0)).size(), 2U);
  EXPECT_EQ(track.position(), kSecond * 18);
  EXPECT_FALSE(track.duration());
  track.Summarize(Summary(2));
  EXPECT_EQ(track.duration(), kSecond * 20);
}

TEST(FileTrack, AFileWithoutSpeechIsWholeAtOnce) {
  FileTrack track(0, "silence.wav");
  EXPECT_FALSE(track.is_whole());
  track.Summarize({kSecond * 7, 0, {}});
  EXPECT_TRUE(track.is_whole());
  const Transcript whole = track.Assemble();
  EXPECT_TRUE(whole.segments.empty());
  EXPECT_EQ(whole.language, "");
  ASSERT_EQ(whole.coverage.size(), 1U);
  EXPECT_EQ(whole.coverage[0].kind, CoverageKind::kNoSpeech);
  EXPECT_EQ(whole.coverage[0].end, kSecond * 7);
}

TEST(FileTrack, AFailureMakesItWhole) {
  FileTrack track(0, "a");
  track.Deliver(MakeResult(0));
  track.Fail({ErrorCode::kCorruptMedia, "broken"});
  EXPECT_TRUE(track.is_whole());
  EXPECT_EQ(track.error()->message, "broken");
}

TEST(FileTrack, TheLanguageOfMostWindowsIsTheFiles) {
  FileTrack track(0, "a");
  for (int64_t i = 0; i < 4; ++i) {
    WindowResult result = MakeResult(i);
    result.language_probability = static_cast<float>(i) / 4;
    track.Deliver(std::move(result));  // de en en de: a tie goes by code
  }
  WindowResult last = MakeResult(4);
  last.language = "en";
  last.language_probability = 0.75F;
  track.Deliver(std::move(last));
  track.Summarize(Summary(5));
  const Transcript whole = track.Assemble();
  EXPECT_EQ(whole.language, "en");
  EXPECT_FLOAT_EQ(whole.language_probability, (0.25F + 0.5F + 0.75F) / 3);
}

TEST(FileTrack, CoverageSaysWhatBecameOfEachSecond) {
  FileTrack track(0, "a");
  track.Deliver(MakeResult(0));
  WindowResult silent = MakeResult(1);
  silent.segments.clear();
  silent.coverage[0].kind = CoverageKind::kNoSpeech;
  silent.coverage[0].reason = "no words could be made out";
  track.Deliver(std::move(silent));
  WindowResult doubtful = MakeResult(2);
  doubtful.coverage[0].kind = CoverageKind::kUncertain;
  doubtful.coverage[0].reason = "improbable";
  track.Deliver(std::move(doubtful));
  FileSummary summary = Summary(3);
  summary.damages = {{kSecond * 4, kSecond * 5, "a packet is broken"},
                     {kSecond * 30, kSecond * 31, "the file is cut short"}};
  track.Summarize(std::move(summary));
  const Transcript whole = track.Assemble();
  EXPECT_EQ(whole.duration, kSecond * 31);
  std::vector<std::pair<int64_t, CoverageKind>> found;
  SampleTime end{0};
  for (const CoverageSpan& span : whole.coverage) {
    EXPECT_EQ(span.begin, end);
    end = span.end;
    found.emplace_back(span.end / kSecond, span.kind);
  }
  EXPECT_EQ(end, whole.duration);
  EXPECT_EQ(found, (std::vector<std::pair<int64_t, CoverageKind>>{{4, CoverageKind::kTranscribed},
                                                                  {5, CoverageKind::kFailed},
                                                                  {8, CoverageKind::kTranscribed},
                                                                  {10, CoverageKind::kNoSpeech},
                                                                  {18, CoverageKind::kNoSpeech},
                                                                  {20, CoverageKind::kNoSpeech},
                                                                  {28, CoverageKind::kUncertain},
                                                                  {30, CoverageKind::kNoSpeech},
                                                                  {31, CoverageKind::kFailed}}));
  ASSERT_EQ(whole.warnings.size(), 2U);
  EXPECT_NE(whole.warnings[0].find("2 stretches"), std::string::npos);
  EXPECT_NE(whole.warnings[1].find("a stretch"), std::string::npos);
}

// Whatever the windows' times are, the transcript's never overlap nor leave the audio.
TEST(FileTrack, TimesAreMadeToFit) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    const auto time = [&](int64_t around) {
      return SampleTime{around + static_cast<int64_t>(random() % 40000) - 20000};
    };
    FileTrack track(0, "a");
    const int64_t windows = 1 + static_cast<int64_t>(random() % 5);
    for (int64_t i = 0; i < windows; ++i) {
      WindowResult result = MakeResult(i);
      Segment& segment = result.segments[0];
      segment.begin = time(i * 30000);
      segment.end = time(i * 30000 + 20000);
      segment.words.clear();
      for (int64_t word = 0; word < 3; ++word) {
        segment.words.push_back(
            {" w", time(i * 30000 + word * 5000), time(i * 30000 + word * 9000), 1});
      }
      track.Deliver(std::move(result));
    }
    const SampleTime duration{static_cast<int64_t>(random() % 150000)};
    track.Summarize({duration, windows, {}});
    const Transcript whole = track.Assemble();
    SampleTime segment_end{0};
    SampleTime word_end{0};
    for (const Segment& segment : whole.segments) {
      EXPECT_GE(segment.begin, segment_end) << seed;
      EXPECT_GE(segment.end, segment.begin) << seed;
      EXPECT_LE(segment.begin, segment.words.front().begin) << seed;
      EXPECT_GE(segment.end, segment.words.back().end) << seed;
      segment_end = segment.end;
      for (const transcript::Word& word : segment.words) {
        EXPECT_GE(word.begin, word_end) << seed;
        EXPECT_GE(word.end, word.begin) << seed;
        word_end = word.end;
      }
    }
    EXPECT_LE(segment_end, duration) << seed;
  }
}

}  // namespace
}  // namespace verbatim::pipeline
