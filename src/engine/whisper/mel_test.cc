#include "whisper/mel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "tests/npy.h"

namespace verbatim::whisper {
namespace {

std::vector<float> Mel(std::span<const float> samples, size_t mels) {
  MelSpectrogram spectrogram(mels);
  std::vector<float> mel(mels * kMelFrames, NAN);
  spectrogram.Compute(samples, mel);
  return mel;
}

class MelReference : public testing::TestWithParam<std::string> {};

TEST_P(MelReference, Agrees) {
  const auto pcm = tests::ReadNpy(tests::GoldenReference() / (GetParam() + ".pcm_i16.npy"));
  const auto expected =
      tests::ReadNpy(tests::GoldenReference() / (GetParam() + ".mel_every_10th_frame_f32.npy"));
  ASSERT_TRUE(pcm.ok() && expected.ok());
  ASSERT_EQ(expected.shape, (std::vector<size_t>{80, 300}));
  const std::vector<float> actual = Mel(pcm.values, 80);
  float worst = 0;
  for (size_t row = 0; row < 80; ++row) {
    for (size_t i = 0; i < 300; ++i) {
      const float value = actual[row * kMelFrames + i * 10];
      worst = std::max(worst, std::abs(value - expected.values[row * 300 + i]));
    }
  }
  RecordProperty("worst_difference", std::to_string(worst));
  EXPECT_LT(worst, 1e-4F);
}

TEST_P(MelReference, AgreesInEveryFrame) {
  const auto folder = tests::SharedFolder() / "reference";
  const auto expected = tests::ReadNpy(folder / (GetParam() + ".base.mel_f32.npy"));
  if (!expected.ok()) GTEST_SKIP() << folder << " with all frames is absent";
  const auto pcm = tests::ReadNpy(tests::GoldenReference() / (GetParam() + ".pcm_i16.npy"));
  ASSERT_TRUE(pcm.ok());
  const std::vector<float> actual = Mel(pcm.values, 80);
  ASSERT_EQ(actual.size(), expected.values.size());
  float worst = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    worst = std::max(worst, std::abs(actual[i] - expected.values[i]));
  }
  RecordProperty("worst_difference", std::to_string(worst));
  EXPECT_LT(worst, 1e-4F);
}

INSTANTIATE_TEST_SUITE_P(Clips, MelReference,
                         testing::Values("jfk", "austen_with_silence", "sonnet"));

// The definition, in double precision and without shortcuts: log10 power of one mel band of one
// frame. `edges` are the band's left, centre and right in hertz.
double DirectLogPower(std::span<const float> padded, size_t frame, const double (&edges)[3]) {
  double sum = 0;
  for (int bin = 0; bin <= 200; ++bin) {
    const double hertz = bin * 40.0;
    const double height = std::min((hertz - edges[0]) / (edges[1] - edges[0]),
                                   (edges[2] - hertz) / (edges[2] - edges[1]));
    if (height <= 0) continue;
    std::complex<double> value = 0;
    for (int i = 0; i < 400; ++i) {
      long at = static_cast<long>(frame) * 160 - 200 + i;
      if (at < 0) at = -at;
      if (at > 479999) at = 2 * 479999 - at;
      const double hann = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / 400);
      value += std::polar(hann * static_cast<double>(padded[static_cast<size_t>(at)]),
                          -2 * std::numbers::pi * bin * i / 400);
    }
    sum += std::norm(value) * height * 2 / (edges[2] - edges[0]);
  }
  return std::log10(std::max(sum, 1e-10));
}

double MelToHertz(double mel) {
  return mel < 15 ? mel * 200 / 3 : 1000 * std::pow(6.4, (mel - 15) / 27);
}

TEST(Mel, AgreesWithTheDefinitionAtTheEndsAndFor128Bands) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> noise(-0.5F, 0.5F);
  for (const size_t length : {size_t{480000}, size_t{479990}, size_t{1000}, size_t{1}}) {
    std::vector<float> samples(length);
    std::ranges::generate(samples, [&] { return noise(random); });
    std::vector<float> padded = samples;
    padded.resize(kWindowSamples);
    const std::vector<float> mel = Mel(samples, 128);
    // The largest value is (largest logarithm + 4) / 4, which sets the floor.
    const double largest = static_cast<double>(*std::ranges::max_element(mel)) * 4 - 4;
    const double top = 15 + 27 * std::log(8.0) / std::log(6.4);
    for (const size_t band : {size_t{0}, size_t{40}, size_t{127}}) {
      const double step = top / 129;
      const double at = static_cast<double>(band) * step;
      const double edges[3] = {MelToHertz(at), MelToHertz(at + step), MelToHertz(at + 2 * step)};
      for (const size_t frame : {size_t{0}, size_t{1}, size_t{5}, size_t{6}, size_t{7}, size_t{8},
                                 size_t{2990}, size_t{2998}, size_t{2999}}) {
        const double expected =
            (std::max(DirectLogPower(padded, frame, edges), largest - 8) + 4) / 4;
        EXPECT_NEAR(mel[band * kMelFrames + frame], expected, 1e-4)
            << length << " samples, band " << band << ", frame " << frame;
      }
    }
  }
}

TEST(Mel, SilenceAndNothingAreTheFloor) {
  for (const size_t length : {size_t{0}, size_t{480000}, size_t{12345}}) {
    for (const float value : Mel(std::vector<float>(length), 80)) ASSERT_NEAR(value, -1.5F, 1e-6F);
  }
}

TEST(Mel, OneWindowDoesNotDependOnTheOneBefore) {
  std::vector<float> loud(300000, 0.9F);
  std::vector<float> faint(50007);
  for (size_t i = 0; i < faint.size(); ++i) faint[i] = static_cast<float>(i % 71) * 1e-4F;
  MelSpectrogram spectrogram(80);
  std::vector<float> mel(80 * kMelFrames);
  spectrogram.Compute(loud, mel);
  spectrogram.Compute(faint, mel);
  EXPECT_EQ(mel, Mel(faint, 80));
}

}  // namespace
}  // namespace verbatim::whisper
