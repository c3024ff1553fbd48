#include "vad/speech_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "tests/allocation_counter.h"
#include "tests/npy.h"
#include "vad/impl/silero_forward.h"

namespace verbatim::vad {
namespace {

using Block = std::array<float, kVadBlock>;

std::vector<float> Probabilities(SpeechDetector& detector, std::span<const float> samples) {
  std::vector<float> result;
  for (size_t at = 0; at + kVadBlock <= samples.size(); at += kVadBlock) {
    result.push_back(detector.Push(samples.subspan(at).first<kVadBlock>()));
  }
  return result;
}

class Reference : public testing::TestWithParam<std::string> {};

TEST_P(Reference, ProbabilitiesAgree) {
  const auto pcm = tests::ReadNpy(tests::GoldenReference() / (GetParam() + ".pcm_i16.npy"));
  const auto expected =
      tests::ReadNpy(tests::GoldenReference() / (GetParam() + ".silero_probs_f32.npy"));
  ASSERT_TRUE(pcm.ok() && expected.ok());
  SpeechDetector detector(BuiltInSilero());
  const std::vector<float> actual = Probabilities(detector, pcm.values);
  ASSERT_EQ(actual.size(), expected.values.size());
  float worst = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    worst = std::max(worst, std::abs(actual[i] - expected.values[i]));
  }
  RecordProperty("worst_difference", std::to_string(worst));
  EXPECT_LT(worst, 2e-5F);
}

INSTANTIATE_TEST_SUITE_P(Clips, Reference, testing::Values("jfk", "austen_with_silence", "sonnet"));

TEST(SpeechDetector, ResetForgetsTheStream) {
  const auto pcm = tests::ReadNpy(tests::GoldenReference() / "jfk.pcm_i16.npy");
  ASSERT_TRUE(pcm.ok());
  const std::span<const float> clip = std::span(pcm.values).first(50 * kVadBlock);
  SpeechDetector detector(BuiltInSilero());
  const std::vector<float> first = Probabilities(detector, clip);
  EXPECT_NE(Probabilities(detector, clip), first);
  detector.Reset();
  EXPECT_EQ(Probabilities(detector, clip), first);
}

TEST(SpeechDetector, DetectorsOfOneModelAreIndependent) {
  const auto pcm = tests::ReadNpy(tests::GoldenReference() / "jfk.pcm_i16.npy");
  ASSERT_TRUE(pcm.ok());
  const auto model = BuiltInSilero();
  SpeechDetector one(model);
  SpeechDetector other(model);
  SpeechDetector alone(model);
  const Block silence{};
  for (size_t at = 0; at < 100 * kVadBlock; at += kVadBlock) {
    const auto block = std::span<const float>(pcm.values).subspan(at).first<kVadBlock>();
    const float probability = one.Push(block);
    other.Push(silence);
    EXPECT_EQ(probability, alone.Push(block));
  }
}

TEST(SpeechDetector, SilenceIsNoSpeechAndSettles) {
  SpeechDetector detector(BuiltInSilero());
  const Block silence{};
  float probability = 1;
  for (int i = 0; i < 2000; ++i) probability = detector.Push(silence);
  EXPECT_LT(probability, 0.1F);
  EXPECT_NEAR(detector.Push(silence), probability, 1e-6F);
}

TEST(SpeechDetector, SoundTooFaintForAnyFormatIsSilence) {
  SpeechDetector silent(BuiltInSilero());
  SpeechDetector faint(BuiltInSilero());
  Block noise{};
  std::mt19937 random(1);
  std::uniform_real_distribution<float> tiny(-1e-39F, 1e-39F);
  for (int i = 0; i < 100; ++i) {
    std::ranges::generate(noise, [&] { return tiny(random); });
    EXPECT_EQ(faint.Push(noise), silent.Push(Block{}));
  }
}

TEST(SpeechDetector, AnySamplesGiveProbabilities) {
  const std::array<float, 9> hostile = {0,
                                        1,
                                        -1,
                                        1e30F,
                                        -1e30F,
                                        std::numeric_limits<float>::infinity(),
                                        -std::numeric_limits<float>::infinity(),
                                        std::numeric_limits<float>::quiet_NaN(),
                                        std::numeric_limits<float>::denorm_min()};
  SpeechDetector detector(BuiltInSilero());
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    Block block{};
    std::ranges::generate(block, [&] { return hostile[random() % hostile.size()]; });
    const float probability = detector.Push(block);
    EXPECT_GE(probability, 0.0F);
    EXPECT_LE(probability, 1.0F);
  }
}

TEST(SpeechDetector, PushDoesNotAllocate) {
  SpeechDetector detector(BuiltInSilero());
  const Block block{};
  const size_t before = tests::AllocationCount();
  for (int i = 0; i < 10; ++i) detector.Push(block);
  EXPECT_EQ(tests::AllocationCount(), before);
}

TEST(ParseSilero, RefusesDamagedWeights) {
  std::string bytes;
  {
    std::ifstream file(
        std::filesystem::path(VERBATIM_ROOT) / "src/engine/vad/weights/silero_vad_16k.safetensors",
        std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto parse = [](std::string_view text) {
    return ParseSilero(std::as_bytes(std::span(text.data(), text.size())));
  };
  ASSERT_TRUE(parse(bytes).has_value());
  for (const size_t length : {size_t{0}, size_t{7}, size_t{8}, size_t{600}, bytes.size() - 1}) {
    const auto cut = parse(std::string_view(bytes).substr(0, length));
    ASSERT_FALSE(cut.has_value()) << length;
    EXPECT_EQ(cut.error().code, ErrorCode::kCorruptModel);
  }
  std::string renamed = bytes;
  renamed.replace(renamed.find("conv2.bias"), 10, "conv9.bias");
  EXPECT_FALSE(parse(renamed).has_value());
  std::string not_finite = bytes;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(not_finite.data() + not_finite.size() - 8, &nan, sizeof(nan));
  EXPECT_FALSE(parse(not_finite).has_value());
}

}  // namespace
}  // namespace verbatim::vad
