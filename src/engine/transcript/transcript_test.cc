#include "transcript/transcript.h"

#include <gtest/gtest.h>

#include <random>

namespace verbatim::transcript {
namespace {

using enum CoverageKind;

CoverageSpan Span(int64_t begin, int64_t end, CoverageKind kind, std::string reason = "") {
  return {SampleTime{begin}, SampleTime{end}, kind, std::move(reason)};
}

// "0-5 transcribed, 5-9 failed: disk"
std::string Summary(const std::vector<CoverageSpan>& spans) {
  std::string text;
  for (const CoverageSpan& span : spans) {
    if (!text.empty()) text += ", ";
    text += std::to_string(span.begin.count()) + "-" + std::to_string(span.end.count()) + " ";
    text += CoverageKindName(span.kind);
    if (!span.reason.empty()) text += ": " + span.reason;
  }
  return text;
}

TEST(CompleteCoverageTest, FillsHoles) {
  EXPECT_EQ(Summary(CompleteCoverage({}, SampleTime{10})), "0-10 no_speech: no speech found");
  EXPECT_EQ(Summary(CompleteCoverage({Span(2, 4, kTranscribed), Span(6, 8, kTranscribed)},
                                     SampleTime{10})),
            "0-2 no_speech: no speech found, 2-4 transcribed, 4-6 no_speech: no speech found, "
            "6-8 transcribed, 8-10 no_speech: no speech found");
}

TEST(CompleteCoverageTest, TheGraverKindWins) {
  EXPECT_EQ(
      Summary(CompleteCoverage({Span(0, 10, kNoSpeech), Span(1, 9, kTranscribed),
                                Span(2, 8, kUncertain, "repeats"), Span(4, 6, kFailed, "disk")},
                               SampleTime{10})),
      "0-1 no_speech: no speech found, 1-2 transcribed, 2-4 uncertain: repeats, 4-6 failed: disk, "
      "6-8 uncertain: repeats, 8-9 transcribed, 9-10 no_speech: no speech found");
}

TEST(CompleteCoverageTest, JoinsEqualNeighboursAndKeepsReasonsApart) {
  EXPECT_EQ(Summary(CompleteCoverage({Span(5, 10, kTranscribed), Span(0, 5, kTranscribed)},
                                     SampleTime{10})),
            "0-10 transcribed");
  EXPECT_EQ(Summary(CompleteCoverage({Span(0, 5, kFailed, "a"), Span(5, 10, kFailed, "b")},
                                     SampleTime{10})),
            "0-5 failed: a, 5-10 failed: b");
}

TEST(CompleteCoverageTest, OfEqualKindsTheFirstGivesTheReason) {
  EXPECT_EQ(Summary(CompleteCoverage({Span(3, 10, kFailed, "b"), Span(0, 5, kFailed, "a")},
                                     SampleTime{10})),
            "0-5 failed: a, 5-10 failed: b");
}

TEST(CompleteCoverageTest, ClipsAndDropsWhatIsOutside) {
  EXPECT_EQ(Summary(CompleteCoverage({Span(-5, 4, kTranscribed), Span(4, 99, kFailed, "cut"),
                                      Span(20, 30, kFailed, "gone"), Span(3, 3, kFailed, "empty"),
                                      Span(9, 2, kFailed, "backwards")},
                                     SampleTime{10})),
            "0-4 transcribed, 4-10 failed: cut");
  EXPECT_TRUE(CompleteCoverage({Span(0, 5, kTranscribed)}, SampleTime{0}).empty());
}

TEST(CompleteCoverageTest, AnySpansAgreeWithAskingEachSample) {
  constexpr int64_t kDuration = 60;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&random](int64_t min, int64_t max) {
      return std::uniform_int_distribution<int64_t>(min, max)(random);
    };
    std::vector<CoverageSpan> spans;
    for (int64_t i = pick(0, 8); i > 0; --i) {
      const int64_t begin = pick(-10, 70);
      spans.push_back(Span(begin, begin + pick(-5, 30), static_cast<CoverageKind>(pick(0, 3))));
    }
    const auto whole = CompleteCoverage(spans, SampleTime{kDuration});
    const auto kind_at = [](const std::vector<CoverageSpan>& all, SampleTime time) {
      const CoverageKind order[] = {kFailed, kUncertain, kTranscribed};
      for (const CoverageKind kind : order) {
        for (const CoverageSpan& span : all) {
          if (span.kind == kind && span.begin <= time && time < span.end) return kind;
        }
      }
      return kNoSpeech;
    };
    SampleTime reached{0};
    for (size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(whole[i].begin, reached) << "seed " << seed;
      EXPECT_LT(whole[i].begin, whole[i].end) << "seed " << seed;
      EXPECT_TRUE(i == 0 || whole[i].kind != whole[i - 1].kind) << "seed " << seed;
      reached = whole[i].end;
    }
    EXPECT_EQ(reached, SampleTime{kDuration}) << "seed " << seed;
    for (int64_t i = 0; i < kDuration; ++i) {
      ASSERT_EQ(kind_at(whole, SampleTime{i}), kind_at(spans, SampleTime{i})) << "seed " << seed;
    }
  }
}

TEST(PlainTextTest, JoinsSegmentsAsTheyAre) {
  Transcript transcript;
  EXPECT_EQ(PlainText(transcript), "");
  for (const char* text : {" Hello there.", " How are you? \n"}) {
    transcript.segments.emplace_back().text = text;
  }
  EXPECT_EQ(PlainText(transcript), "Hello there. How are you?");
  transcript.segments.clear();
  for (const char* text : {"これは。", "ペンです。"})
    transcript.segments.emplace_back().text = text;
  EXPECT_EQ(PlainText(transcript), "これは。ペンです。");
}

}  // namespace
}  // namespace verbatim::transcript
