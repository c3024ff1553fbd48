#include "vad/gain_control.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/npy.h"
#include "vad/segmenter.h"

namespace verbatim::vad {
namespace {

using Block = std::array<float, kVadBlock>;

Block Tone(float loudness) {
  Block block{};
  for (size_t i = 0; i < block.size(); ++i) {
    block[i] = loudness * std::sin(static_cast<float>(i) * 0.3F);
  }
  return block;
}

float Peak(std::span<const float> samples) {
  float peak = 0;
  for (const float sample : samples) peak = std::max(peak, std::abs(sample));
  return peak;
}

// The share of a clip that is speech.
double SpeechShare(std::span<const float> samples, float scale) {
  SpeechDetector detector(BuiltInSilero());
  GainControl gain;
  Segmenter segmenter(SegmenterOptions{});
  SampleTime speech{0};
  const auto add = [&](const std::vector<SpeechSegment>& segments) {
    for (const SpeechSegment& segment : segments) speech += segment.end - segment.begin;
  };
  SampleTime end{0};
  for (size_t at = 0; at + kVadBlock <= samples.size(); at += kVadBlock) {
    Block block{};
    for (size_t i = 0; i < kVadBlock; ++i) block[i] = samples[at + i] * scale;
    add(segmenter.Push(detector.Push(gain.Apply(block))));
    end += SampleTime{kVadBlock};
  }
  add(segmenter.Finish(end));
  return ToSeconds(speech) / ToSeconds(end);
}

TEST(GainControl, LoudAudioPassesUnchanged) {
  GainControl gain;
  const Block loud = Tone(0.2F);
  EXPECT_EQ(gain.Apply(loud).data(), loud.data());
  const Block faint = Tone(0.01F);
  // What follows shortly after is judged by the loudness of before.
  EXPECT_EQ(gain.Apply(faint).data(), faint.data());
}

TEST(GainControl, FaintAudioIsLifted) {
  for (const float loudness : {0.09F, 0.01F, 0.0005F}) {
    GainControl gain;
    EXPECT_NEAR(Peak(gain.Apply(Tone(loudness))), 0.1F, 1e-3F);
  }
  GainControl gain;
  EXPECT_NEAR(Peak(gain.Apply(Tone(1e-5F))), 3e-3F, 1e-4F);
}

TEST(GainControl, LoudnessOfBeforeFades) {
  GainControl gain;
  gain.Apply(Tone(0.5F));
  const Block faint = Tone(0.01F);
  for (int i = 0; i < 3000; ++i) gain.Apply(faint);
  EXPECT_NEAR(Peak(gain.Apply(faint)), 0.1F, 1e-3F);
}

TEST(GainControl, BrokenSamplesDoNotStay) {
  GainControl gain;
  Block broken = Tone(0.01F);
  broken[7] = std::numeric_limits<float>::infinity();
  broken[8] = std::numeric_limits<float>::quiet_NaN();
  gain.Apply(broken);
  EXPECT_NEAR(Peak(gain.Apply(Tone(0.01F))), 0.1F, 1e-3F);
  EXPECT_EQ(Peak(GainControl().Apply(Block{})), 0.0F);
}

TEST(GainControl, FaintSpeechIsStillFound) {
  for (const char* clip : {"jfk", "sonnet", "austen_with_silence"}) {
    const auto pcm =
        tests::ReadNpy(tests::GoldenReference() / (std::string(clip) + ".pcm_i16.npy"));
    ASSERT_TRUE(pcm.ok());
    const double share = SpeechShare(pcm.values, 1);
    for (const float scale : {0.1F, 0.01F, 0.001F}) {
      EXPECT_NEAR(SpeechShare(pcm.values, scale), share, 0.03) << clip << " at " << scale;
    }
  }
}

}  // namespace
}  // namespace verbatim::vad
