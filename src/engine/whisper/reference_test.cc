// The engine against independent implementations, joint by joint: encoder states, greedy token ids
// and word alignment of three clips and two models. tests/golden/reference/README.md says where the
// numbers come from.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "kernels/cpu.h"
#include "tests/models.h"
#include "tests/npy.h"
#include "whisper/batch_decoder.h"
#include "whisper/encoder.h"
#include "whisper/mel.h"
#include "whisper/model.h"

namespace verbatim::whisper {
namespace {

const std::filesystem::path kReference =
    std::filesystem::path(VERBATIM_ROOT) / "tests/golden/reference";

struct Case {
  std::string clip;
  std::string model;
};

std::vector<int32_t> Integers(const boost::json::value& list) {
  std::vector<int32_t> integers;
  for (const auto& value : list.as_array())
    integers.push_back(static_cast<int32_t>(value.as_int64()));
  return integers;
}

DecodingRules RulesFor(const Model& model, bool with_timestamps) {
  const SpecialTokens& special = model.tokenizer.special();
  std::optional<TimestampRules> timestamps;
  if (with_timestamps) timestamps.emplace(special);
  return {SuppressTokens(model.suppressed), SuppressBlank(model.suppressed_first), timestamps};
}

class ReferenceTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const auto directory = tests::TestModel(GetParam().model);
    if (!directory) GTEST_SKIP() << "the model " << GetParam().model << " is not installed";
    kernels::PrepareThread();
    auto model = Model::Open(*directory, {}, pool_);
    ASSERT_TRUE(model) << model.error().message;
    model_ = *model;
    const tests::NpyArray pcm = tests::ReadNpy(kReference / (GetParam().clip + ".pcm_i16.npy"));
    ASSERT_TRUE(pcm.ok());
    samples_ = pcm.values.size();
    std::vector<float> mel(model_->shape.mels * kMelFrames);
    MelSpectrogram(model_->shape.mels).Compute(pcm.values, mel);
    encoder_.emplace(model_, pool_);
    const auto states = encoder_->Encode(mel, AudioPositions::All(), {});
    ASSERT_TRUE(states);
    states_ = *states;
    const auto json =
        ReadFile(kReference / (GetParam().clip + "." + GetParam().model + ".json"), 1 << 20);
    ASSERT_TRUE(json) << json.error().message;
    expected_ = boost::json::parse(*json).as_object();
  }

  std::vector<int32_t> Decode(const std::string& mode,
                              nn::AudioFormat format = nn::AudioFormat::kHalf) {
    const bool with_timestamps = mode == "timestamps";
    BatchDecoder decoder(model_, {1, 1, 448, format}, pool_);
    decoder.Admit(0, states_);
    const DecodingRules rules = RulesFor(*model_, with_timestamps);
    decoder.Begin(0, Integers(expected_[mode].as_object()["prompt"]), {}, rules);
    while (decoder.Step().empty()) {
    }
    run_ = decoder.Take(0);
    return run_.tokens;
  }

  kernels::ThreadPool pool_{2};
  std::shared_ptr<const Model> model_;
  std::optional<Encoder> encoder_;
  std::span<const float> states_;
  size_t samples_ = 0;
  boost::json::object expected_;
  TokenRun run_;
};

TEST_P(ReferenceTest, EncoderStatesAgree) {
  const tests::NpyArray sample = tests::ReadNpy(
      kReference / (GetParam().clip + "." + GetParam().model + ".encoder_sample_f32.npy"));
  ASSERT_TRUE(sample.ok());
  const size_t width = model_->shape.width;
  ASSERT_EQ(sample.shape, (std::vector<size_t>{30, width}));  // every 50th position
  float largest = 0;
  float difference = 0;
  for (size_t i = 0; i < sample.values.size(); ++i) {
    const float state = states_[i / width * 50 * width + i % width];
    largest = std::max(largest, std::abs(sample.values[i]));
    difference = std::max(difference, std::abs(state - sample.values[i]));
  }
  EXPECT_LE(difference, 1e-3F * largest);
  RecordProperty("difference_over_largest", std::to_string(difference / largest));
}

TEST_P(ReferenceTest, GreedyTokensAreTheSame) {
  for (const std::string mode : {"timestamps", "notimestamps"}) {
    const boost::json::object& expected = expected_[mode].as_object();
    EXPECT_EQ(Decode(mode), Integers(expected.at("token_ids"))) << mode;
    EXPECT_NEAR(run_.no_speech_prob, expected.at("no_speech_prob").to_number<float>(), 2e-3F)
        << mode;
  }
}

// With timestamps one of the six differs, where two tokens are nearly as likely.
TEST_P(ReferenceTest, GreedyTokensAreTheSameWithAudioAsInt8) {
  const boost::json::object& expected = expected_["notimestamps"].as_object();
  EXPECT_EQ(Decode("notimestamps", nn::AudioFormat::kInt8), Integers(expected.at("token_ids")));
  EXPECT_NEAR(run_.no_speech_prob, expected.at("no_speech_prob").to_number<float>(), 1e-2F);
}

TEST_P(ReferenceTest, AlignmentAgrees) {
  boost::json::object& alignment = expected_["alignment"].as_object();
  const std::vector<int32_t> text = Integers(alignment["text_token_ids"]);
  std::vector<int32_t> expected(text.size() + 1, -1);
  for (const auto& pair : alignment["pairs_text_index_to_20ms_frame"].as_array()) {
    const auto token = static_cast<size_t>(pair.as_array()[0].as_int64());
    ASSERT_LT(token, expected.size());
    if (expected[token] < 0) expected[token] = static_cast<int32_t>(pair.as_array()[1].as_int64());
  }
  const SpecialTokens& special = model_->tokenizer.special();
  std::vector<int32_t> start = {special.start_of_transcript};
  if (model_->tokenizer.is_multilingual()) {
    start = {special.start_of_transcript, *model_->tokenizer.LanguageToken("en"),
             special.transcribe};
  }
  BatchDecoder decoder(model_, {1, 1, 448}, pool_);
  decoder.Admit(0, states_);
  const std::vector<int32_t> begins = decoder.Align(0, start, text, samples_ / 320);
  std::vector<int32_t> differences;
  for (size_t i = 0; i < expected.size(); ++i)
    differences.push_back(std::abs(begins[i] - expected[i]));
  std::ranges::sort(differences);
  // Where two paths are nearly as good, rounding decides; most tokens agree to the frame.
  EXPECT_EQ(differences[differences.size() / 2], 0);
  EXPECT_LE(differences[differences.size() * 9 / 10], 5);
}

TEST_P(ReferenceTest, LanguageIsDetected) {
  if (!model_->tokenizer.is_multilingual()) GTEST_SKIP() << "the model knows one language";
  BatchDecoder decoder(model_, {1, 1, 448}, pool_);
  decoder.Admit(0, states_);
  const std::vector<LanguageGuess> guesses = decoder.DetectLanguage(0);
  const boost::json::array& expected = expected_["languages"].as_array()[0].as_array();
  const std::string_view token = expected[0].as_string();  // "<|en|>"
  EXPECT_EQ(model_->tokenizer.LanguageCode(guesses[0].token), token.substr(2, token.size() - 4));
  EXPECT_NEAR(guesses[0].probability, expected[1].to_number<float>(), 5e-3F);
}

INSTANTIATE_TEST_SUITE_P(Clips, ReferenceTest,
                         ::testing::Values(Case{"jfk", "tiny.en"}, Case{"jfk", "base"},
                                           Case{"sonnet", "tiny.en"}, Case{"sonnet", "base"},
                                           Case{"austen_with_silence", "tiny.en"},
                                           Case{"austen_with_silence", "base"}),
                         [](const auto& test) {
                           std::string name = test.param.clip + "_" + test.param.model;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace verbatim::whisper
