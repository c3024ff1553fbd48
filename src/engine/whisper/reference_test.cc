// The engine against independent implementations, joint by joint: encoder states, greedy token ids
// and word alignment of three clips and two models. tests/golden/reference/README.md says where the
// numbers come from.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/reference_fixture.h"

namespace verbatim::whisper {
namespace {

class ReferenceTest : public ReferenceFixture, public ::testing::WithParamInterface<ReferenceCase> {
 protected:
  void SetUp() override { Load(GetParam(), {}); }
};

TEST_P(ReferenceTest, EncoderStatesAgree) {
  const std::vector<float> expected = ExpectedStates();
  const std::vector<float> states = SampledStates();
  ASSERT_EQ(states.size(), expected.size());
  float largest = 0;
  float difference = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    difference = std::max(difference, std::abs(states[i] - expected[i]));
  }
  EXPECT_LE(difference, 1e-3F * largest);
  RecordProperty("difference_over_largest", std::to_string(difference / largest));
}

TEST_P(ReferenceTest, GreedyTokensAreTheSame) {
  for (const std::string mode : {"timestamps", "notimestamps"}) {
    const TokenRun run = Decode(mode);
    EXPECT_EQ(run.tokens, Integers(Expected(mode).at("token_ids"))) << mode;
    EXPECT_NEAR(run.no_speech_prob, Expected(mode).at("no_speech_prob").to_number<float>(), 2e-3F)
        << mode;
  }
}

// With timestamps one of the six differs, where two tokens are nearly as likely.
TEST_P(ReferenceTest, GreedyTokensAreTheSameWithAudioAsInt8) {
  const boost::json::object& expected = Expected("notimestamps");
  const TokenRun run = Decode("notimestamps", nn::AudioFormat::kInt8);
  EXPECT_EQ(run.tokens, Integers(expected.at("token_ids")));
  EXPECT_NEAR(run.no_speech_prob, expected.at("no_speech_prob").to_number<float>(), 1e-2F);
}

TEST_P(ReferenceTest, AlignmentAgrees) {
  const std::vector<int32_t> differences = AlignmentDifferences();
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

INSTANTIATE_TEST_SUITE_P(Clips, ReferenceTest, AllReferenceCases(),
                         [](const auto& test) { return test.param.Name(); });

}  // namespace
}  // namespace verbatim::whisper
