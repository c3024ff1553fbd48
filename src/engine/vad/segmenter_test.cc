#include "vad/segmenter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

#include "vad/speech_detector.h"

namespace verbatim::vad {
namespace {

constexpr SampleTime kBlock{512};

std::vector<SpeechSegment> Segments(const SegmenterOptions& options,
                                    std::span<const float> probabilities, SampleTime end) {
  Segmenter segmenter(options);
  std::vector<SpeechSegment> result;
  for (const float probability : probabilities) {
    for (const auto& segment : segmenter.Push(probability)) result.push_back(segment);
  }
  for (const auto& segment : segmenter.Finish(end)) result.push_back(segment);
  return result;
}

std::vector<SpeechSegment> Segments(const SegmenterOptions& options,
                                    std::span<const float> probabilities) {
  return Segments(options, probabilities, static_cast<int64_t>(probabilities.size()) * kBlock);
}

// A core found with the whole array in view.
struct Core {
  int64_t begin = 0;  // samples
  int64_t end = 0;
};

// Where the run that starts at block `first` ends, as a block index: the first block of its closing
// pause.
size_t RunEnd(const SegmenterOptions& options, std::span<const float> p, size_t first) {
  std::optional<size_t> dip;
  for (size_t i = first; i < p.size(); ++i) {
    if (p[i] >= options.threshold) dip.reset();
    if (p[i] < options.threshold_end && !dip) dip = i;
    const bool is_long =
        dip && static_cast<int64_t>(i + 1 - *dip) * 512 >= options.silence_min.count();
    if (is_long && p[i] < options.threshold_end) return *dip;
  }
  return dip.value_or(p.size());
}

// All cores of a run without length limit [first, end) in blocks: every run is shorter than the
// limit here.
std::vector<Core> CoresWithoutLimit(const SegmenterOptions& options, std::span<const float> p) {
  std::vector<Core> cores;
  for (size_t i = 0; i < p.size();) {
    if (p[i] < options.threshold) {
      ++i;
      continue;
    }
    const size_t end = RunEnd(options, p, i);
    if (static_cast<int64_t>(end - i) * 512 >= options.speech_min.count()) {
      cores.push_back({static_cast<int64_t>(i) * 512, static_cast<int64_t>(end) * 512});
    }
    // The blocks of the closing pause are no speech, so the scan may go on behind its first one.
    i = end + 1;
  }
  return cores;
}

std::vector<SpeechSegment> Pad(const std::vector<Core>& cores, int64_t padding, int64_t end) {
  std::vector<SpeechSegment> result;
  for (size_t i = 0; i < cores.size(); ++i) {
    int64_t before = padding;
    int64_t after = padding;
    if (i > 0) before = std::min(padding, (cores[i].begin - cores[i - 1].end) / 2);
    if (i + 1 < cores.size()) after = std::min(padding, (cores[i + 1].begin - cores[i].end) / 2);
    result.push_back({SampleTime{std::max<int64_t>(0, cores[i].begin - before)},
                      SampleTime{std::min(end, cores[i].end + after)}, 0, 0});
  }
  return result;
}

// Probabilities that stay high or low for a while, with dips and in-between values.
std::vector<float> RandomProbabilities(std::mt19937& random, size_t count) {
  std::uniform_real_distribution<float> any(0, 1);
  const int stretch = 1 + static_cast<int>(random() % 60);
  const float noise = any(random) < 0.3F ? 0.3F : 0.02F;
  std::vector<float> result;
  float level = 0;
  while (result.size() < count) {
    if (random() % static_cast<unsigned>(stretch) == 0) level = any(random) < 0.5F ? 0.05F : 0.95F;
    result.push_back(any(random) < noise ? any(random) : level);
  }
  return result;
}

SegmenterOptions RandomOptions(std::mt19937& random) {
  SegmenterOptions options;
  options.threshold = 0.3F + 0.1F * static_cast<float>(random() % 6);
  options.threshold_end = options.threshold - 0.05F * static_cast<float>(random() % 6);
  options.speech_min = SampleTime{random() % 8000};
  options.silence_min = SampleTime{random() % 10000};
  options.padding = SampleTime{random() % 9000};
  return options;
}

void ExpectSame(const std::vector<SpeechSegment>& actual,
                const std::vector<SpeechSegment>& expected, unsigned seed) {
  ASSERT_EQ(actual.size(), expected.size()) << "seed " << seed;
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i].begin.count(), expected[i].begin.count()) << "seed " << seed << " at " << i;
    EXPECT_EQ(actual[i].end.count(), expected[i].end.count()) << "seed " << seed << " at " << i;
  }
}

TEST(Segmenter, StreamAndWholeArrayGiveTheSame) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    SegmenterOptions options = RandomOptions(random);
    options.length_max = SampleTime{int64_t{1} << 40};
    const std::vector<float> p = RandomProbabilities(random, random() % 1500);
    // The stream ends within its last block.
    const int64_t end = static_cast<int64_t>(p.size()) * 512 - (p.empty() ? 0 : random() % 512);
    ExpectSame(Segments(options, p, SampleTime{end}),
               Pad(CoresWithoutLimit(options, p), options.padding.count(), end), seed);
    if (HasFailure()) return;
  }
}

// True if a sample lies in one of the segments.
bool Covers(const std::vector<SpeechSegment>& segments, SampleTime time) {
  const auto after = std::ranges::upper_bound(segments, time, {}, &SpeechSegment::begin);
  return after != segments.begin() && time < std::prev(after)->end;
}

void ExpectOrderedAndShort(const std::vector<SpeechSegment>& segments, SampleTime length_max,
                           SampleTime end) {
  SampleTime before{0};
  for (const SpeechSegment& segment : segments) {
    EXPECT_GE(segment.begin, before);
    EXPECT_GT(segment.end, segment.begin);
    EXPECT_LE(segment.end - segment.begin, length_max);
    EXPECT_GE(segment.probability_max, segment.probability_mean);
    before = segment.end;
  }
  EXPECT_LE(before, end);
}

TEST(Segmenter, NoSpeechIsLostToTheLengthLimit) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    SegmenterOptions options = RandomOptions(random);
    options.length_max = SampleTime{16000 + random() % 480000};
    // A run that is in between for long may be closed by the limit, and its likely blocks form runs
    // of their own: one or the other is left out.
    if (seed % 2 == 0) options.threshold_end = options.threshold;
    if (seed % 2 == 1) options.speech_min = SampleTime{0};
    const std::vector<float> p = RandomProbabilities(random, random() % 4000);
    const SampleTime end = static_cast<int64_t>(p.size()) * kBlock;
    const std::vector<SpeechSegment> segments = Segments(options, p);
    ExpectOrderedAndShort(segments, options.length_max, end);
    for (const Core& core : CoresWithoutLimit(options, p)) {
      for (int64_t at = core.begin; at < core.end; at += 512) {
        if (p[static_cast<size_t>(at / 512)] < options.threshold) continue;
        EXPECT_TRUE(Covers(segments, SampleTime{at})) << at;
        EXPECT_TRUE(Covers(segments, SampleTime{at + 511})) << at;
      }
    }
    if (HasFailure()) return;
  }
}

TEST(Segmenter, WhatIsSettledIsInNoLaterSegment) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    SegmenterOptions options = RandomOptions(random);
    options.length_max = SampleTime{16000 + random() % 480000};
    const std::vector<float> p = RandomProbabilities(random, 3000);
    Segmenter segmenter(options);
    SampleTime settled{0};
    SampleTime now{0};
    for (const float probability : p) {
      now += kBlock;
      for (const SpeechSegment& segment : segmenter.Push(probability)) {
        EXPECT_GE(segment.begin, settled);
        EXPECT_LE(segment.end, now - SampleTime{511});
      }
      EXPECT_GE(segmenter.settled(), settled);
      settled = segmenter.settled();
      EXPECT_LE(now - settled, options.length_max + 2 * options.padding + options.silence_min +
                                   options.speech_min + 2 * kBlock);
    }
    for (const SpeechSegment& segment : segmenter.Finish(now)) EXPECT_GE(segment.begin, settled);
    if (HasFailure()) return;
  }
}

TEST(Segmenter, UnbrokenSpeechIsCutWithoutLoss) {
  std::vector<float> p(10000, 0.9F);
  std::mt19937 random(4);
  for (float& probability : p) probability = 0.6F + 0.0001F * static_cast<float>(random() % 4000);
  const auto segments = Segments({}, p);
  const SampleTime end = static_cast<int64_t>(p.size()) * kBlock;
  ASSERT_GE(segments.size(), 10000U * 512 / 480000);
  EXPECT_LE(segments.size(), 22U);  // no piece but the last is shorter than half the limit
  EXPECT_EQ(segments.front().begin, SampleTime{0});
  EXPECT_EQ(segments.back().end, end);
  for (size_t i = 1; i < segments.size(); ++i) EXPECT_EQ(segments[i].begin, segments[i - 1].end);
  ExpectOrderedAndShort(segments, kWindowLengthMax, end);
}

TEST(Segmenter, CutsUnbrokenSpeechAtItsLeastLikelyBlock) {
  std::vector<float> p(1200, 0.9F);
  p[700] = 0.55F;
  p[100] = 0.51F;  // lower, but in the first half
  const auto segments = Segments({}, p);
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[0].end, 700 * kBlock + kBlock / 2);
  EXPECT_EQ(segments[1].begin, segments[0].end);
}

TEST(Segmenter, CutsLongSpeechAtItsLongestPause) {
  std::vector<float> p(1200, 0.9F);
  std::fill_n(p.begin() + 300, 4, 0.1F);  // 128 ms
  p[800] = 0.0F;                          // one block is no pause
  const auto segments = Segments({}, p);
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[0].end, 302 * kBlock);
  EXPECT_EQ(segments[1].begin, 302 * kBlock);
  EXPECT_EQ(segments[1].end, 1200 * kBlock);
}

TEST(Segmenter, ThresholdZeroTakesEverything) {
  SegmenterOptions options;
  options.threshold = 0;
  const std::vector<float> p(5000, 0.0F);
  const auto segments = Segments(options, p);
  ASSERT_FALSE(segments.empty());
  EXPECT_EQ(segments.front().begin, SampleTime{0});
  EXPECT_EQ(segments.back().end, 5000 * kBlock);
  for (size_t i = 1; i < segments.size(); ++i) EXPECT_EQ(segments[i].begin, segments[i - 1].end);
  ExpectOrderedAndShort(segments, options.length_max, 5000 * kBlock);
}

TEST(Segmenter, ShortBurstsAreDroppedAndShortPausesBridged) {
  std::vector<float> p(400, 0.0F);
  std::fill_n(p.begin() + 50, 7, 0.9F);  // 224 ms
  EXPECT_TRUE(Segments({}, p).empty());
  p[57] = 0.9F;  // 256 ms
  ASSERT_EQ(Segments({}, p).size(), 1U);
  std::fill_n(p.begin() + 62, 10, 0.9F);  // after a pause of 128 ms
  const auto bridged = Segments({}, p);
  ASSERT_EQ(bridged.size(), 1U);
  EXPECT_EQ(bridged[0].begin, 50 * kBlock - SampleTime{6400});
  EXPECT_EQ(bridged[0].end, 72 * kBlock + SampleTime{6400});
  EXPECT_FLOAT_EQ(bridged[0].probability_max, 0.9F);
  EXPECT_NEAR(bridged[0].probability_mean, 0.9F * 18 / 22, 1e-6F);
}

TEST(Segmenter, CloseNeighboursShareTheGap) {
  std::vector<float> p(300, 0.0F);
  std::fill_n(p.begin() + 50, 20, 0.9F);
  std::fill_n(p.begin() + 80, 20, 0.9F);
  const auto segments = Segments({}, p);
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[0].end, 75 * kBlock);
  EXPECT_EQ(segments[1].begin, 75 * kBlock);
}

TEST(Segmenter, SegmentsEndWithTheAudio) {
  const std::vector<float> p(20, 0.9F);
  const SampleTime end = 19 * kBlock + SampleTime{3};
  const auto segments = Segments({}, p, end);
  ASSERT_EQ(segments.size(), 1U);
  EXPECT_EQ(segments[0].begin, SampleTime{0});
  EXPECT_EQ(segments[0].end, end);
  EXPECT_TRUE(Segments({}, {}, SampleTime{0}).empty());
}

}  // namespace
}  // namespace verbatim::vad
