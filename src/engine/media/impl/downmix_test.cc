#include "media/impl/downmix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace verbatim::media {
namespace {

std::vector<float> Noise(size_t count, unsigned seed, float level = 0.2F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, level);
  std::vector<float> samples(count);
  for (float& sample : samples) sample = normal(random);
  return samples;
}

std::vector<float> Scaled(std::vector<float> samples, float factor) {
  for (float& sample : samples) sample *= factor;
  return samples;
}

float Rms(std::span<const float> samples) {
  double sum = 0;
  for (float sample : samples) sum += static_cast<double>(sample) * static_cast<double>(sample);
  return static_cast<float>(std::sqrt(sum / static_cast<double>(samples.size())));
}

TEST(Downmix, AveragesLikeAndUnlikeChannels) {
  const auto left = Noise(32000, 1);
  for (const auto& right : {left, Noise(32000, 2), std::vector<float>(32000), Scaled(left, 0.2F)}) {
    auto mixed = left;
    Downmix().Mix(mixed, right);
    for (size_t i = 0; i < left.size(); ++i) ASSERT_EQ(mixed[i], 0.5F * (left[i] + right[i]));
  }
}

TEST(Downmix, KeepsOneChannelOfAnInvertedPair) {
  const auto left = Noise(32000, 1);
  for (const float factor : {-1.0F, -0.8F, -1.2F}) {
    auto mixed = left;
    const auto right = Scaled(left, factor);
    Downmix().Mix(mixed, right);
    EXPECT_GT(Rms(std::span(mixed).first(800)), 0.5F * Rms(std::span(left).first(800)));
    EXPECT_GE(Rms(std::span(mixed).subspan(800)), 0.99F * Rms(std::span(left).subspan(800)));
  }
}

TEST(Downmix, KeepsAnInvertedPairThroughNoiseOfItsOwn) {
  auto left = Noise(32000, 1);
  auto right = Scaled(left, -1);
  const auto hiss_left = Noise(32000, 2, 0.01F);
  const auto hiss_right = Noise(32000, 3, 0.01F);
  for (size_t i = 0; i < left.size(); ++i) {
    left[i] += hiss_left[i];
    right[i] += hiss_right[i];
  }
  auto mixed = left;
  Downmix().Mix(mixed, right);
  EXPECT_GT(Rms(mixed), 0.95F * Rms(left));
}

TEST(Downmix, ReturnsToTheAverage) {
  const auto left = Noise(64000, 1);
  auto right = Scaled(left, -1);
  std::copy(left.begin() + 32000, left.end(), right.begin() + 32000);  // in phase from here on
  auto other = Noise(64000, 5);
  std::copy(other.begin() + 48000, other.end(), right.begin() + 48000);  // and then unlike
  auto mixed = left;
  Downmix().Mix(mixed, right);
  for (size_t i = 52000; i < mixed.size(); ++i) ASSERT_EQ(mixed[i], 0.5F * (left[i] + right[i]));
}

TEST(Downmix, DoesNotDependOnHowTheSignalIsCut) {
  const auto left = Noise(16000, 1);
  auto right = Scaled(left, -1);
  std::fill(right.begin() + 9000, right.end(), 0.0F);
  auto whole = left;
  Downmix().Mix(whole, right);
  auto pieces = left;
  Downmix downmix;
  for (size_t at = 0, size = 1; at < pieces.size(); at += size, size = size * 3 % 1021 + 1) {
    const size_t count = std::min(size, pieces.size() - at);
    downmix.Mix(std::span(pieces).subspan(at, count), std::span(right).subspan(at, count));
  }
  EXPECT_EQ(whole, pieces);
}

TEST(Downmix, LeavesSilenceSilent) {
  std::vector<float> left(1000);
  const std::vector<float> right(1000);
  Downmix().Mix(left, right);
  EXPECT_EQ(left, right);
}

}  // namespace
}  // namespace verbatim::media
