#include "whisper/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace verbatim::whisper {
namespace {

using ::testing::ElementsAre;

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

// Text 0..9, end of text 10, other specials 11..16, timestamps 17..36.
constexpr SpecialTokens kSpecial = {.end_of_text = 10,
                                    .start_of_transcript = 11,
                                    .translate = 12,
                                    .transcribe = 13,
                                    .start_of_previous = 14,
                                    .no_speech = 15,
                                    .no_timestamps = 16,
                                    .timestamp_begin = 17};
constexpr int32_t kSize = 37;

// Text so likely that the sum over the timestamps does not matter.
std::vector<float> TextLogits() {
  std::vector<float> logits(kSize, 0.0f);
  std::fill_n(logits.begin(), kSpecial.end_of_text + 1, 20.0f);
  return logits;
}

std::vector<int32_t> Allowed(const std::vector<float>& logits) {
  std::vector<int32_t> allowed;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] != kForbidden) allowed.push_back(static_cast<int32_t>(i));
  }
  return allowed;
}

std::vector<int32_t> Range(int32_t begin, int32_t end) {
  std::vector<int32_t> range;
  for (int32_t i = begin; i < end; ++i) range.push_back(i);
  return range;
}

std::vector<int32_t> Joined(std::vector<int32_t> first, const std::vector<int32_t>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<int32_t> AllowedAfter(const std::vector<int32_t>& generated) {
  std::vector<float> logits = TextLogits();
  TimestampRules(kSpecial, 3).Apply(generated, logits);
  return Allowed(logits);
}

TEST(SuppressTokensTest, ForbidsItsListAlways) {
  std::vector<float> logits(5, 1.0f);
  SuppressTokens({1, 3, -1, 5, 1 << 30}).Apply(logits);
  EXPECT_THAT(logits, ElementsAre(1, kForbidden, 1, kForbidden, 1));
}

TEST(SuppressBlankTest, ForbidsItsListAtTheStartOnly) {
  const SuppressBlank rule({0, 4});
  std::vector<float> first(5, 1.0f);
  rule.Apply({}, first);
  EXPECT_THAT(first, ElementsAre(kForbidden, 1, 1, 1, kForbidden));
  std::vector<float> second(5, 1.0f);
  const std::vector<int32_t> generated = {2};
  rule.Apply(generated, second);
  EXPECT_THAT(second, ElementsAre(1, 1, 1, 1, 1));
}

TEST(TimestampRulesTest, BeginsWithAnEarlyTimestamp) {
  EXPECT_EQ(AllowedAfter({}), Range(17, 17 + 4));  // 0.00 to 0.06
}

TEST(TimestampRulesTest, TextFollowsTheFirstTimestamp) {
  EXPECT_EQ(AllowedAfter({18}), Range(0, 16));
}

TEST(TimestampRulesTest, AfterTextComesTextOrALaterTimestamp) {
  EXPECT_EQ(AllowedAfter({18, 1}), Joined(Range(0, 16), Range(19, kSize)));
  EXPECT_EQ(AllowedAfter({18, 1, 2, 3}), Joined(Range(0, 16), Range(19, kSize)));
}

TEST(TimestampRulesTest, HalfAPairIsCompletedOrTheTextEnds) {
  EXPECT_EQ(AllowedAfter({18, 1, 25}), Joined(Range(10, 16), Range(25, kSize)))
      << "the same time may be repeated here, and only here";
}

TEST(TimestampRulesTest, AfterAPairComesText) {
  EXPECT_EQ(AllowedAfter({18, 1, 25, 25}), Range(0, 16));
  EXPECT_EQ(AllowedAfter({18, 1, 25, 25, 2}), Joined(Range(0, 16), Range(26, kSize)));
}

TEST(TimestampRulesTest, TextAloneLeavesAllTimestamps) {
  EXPECT_EQ(AllowedAfter({1}), Joined(Range(0, 16), Range(17, kSize)));
}

TEST(TimestampRulesTest, TheLastTimeLeavesOnlyText) {
  EXPECT_EQ(AllowedAfter({18, 1, kSize - 1, kSize - 1, 2}), Range(0, 16));
}

TEST(TimestampRulesTest, TimestampsTogetherCanOutweighText) {
  const TimestampRules rule(kSpecial, 3);
  const std::vector<int32_t> generated = {18, 1};  // 18 timestamps are left
  for (const float lead : {2.80f, 2.95f}) {        // log(18) is 2.89
    std::vector<float> logits(kSize, 0.0f);
    logits[4] = lead;
    rule.Apply(generated, logits);
    const bool expect_timestamps = lead < std::log(18.0f);
    EXPECT_EQ(Allowed(logits) == Range(19, kSize), expect_timestamps) << lead;
  }
}

// The definition, step by step and in doubles, against the fast path.
TEST(TimestampRulesTest, WeighsAsTheDefinitionSays) {
  const TimestampRules rule(kSpecial, 3);
  const std::vector<int32_t> generated = {18, 1};
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 1);
  int won = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<float> logits(kSize);
    for (float& logit : logits) logit = 3 * normal(random);
    logits[7] += 3;
    double sum = 0;
    float text_largest = kForbidden;
    for (size_t i = 0; i < kSize; ++i) {
      if (i >= 19) sum += std::exp(static_cast<double>(logits[i]));
      if (i < 16) text_largest = std::max(text_largest, logits[i]);
    }
    rule.Apply(generated, logits);
    const bool expect_timestamps = std::log(sum) > text_largest;
    EXPECT_EQ(logits[0] == kForbidden, expect_timestamps);
    won += expect_timestamps;
  }
  EXPECT_GT(won, 200);
  EXPECT_LT(won, 1800);
}

TEST(TimestampRulesTest, NothingIsLeftToWeigh) {
  std::vector<float> logits(kSize, kForbidden);
  const std::vector<int32_t> generated = {18, 1};
  TimestampRules(kSpecial).Apply(generated, logits);
  EXPECT_TRUE(Allowed(logits).empty());
}

TEST(TimestampRulesTest, ShortLogitsAreNotOverrun) {
  for (size_t size = 0; size < kSize; ++size) {
    std::vector<float> logits(size, 1.0f);
    const std::vector<int32_t> generated = {18, 1, 36};
    TimestampRules(kSpecial).Apply({}, logits);
    TimestampRules(kSpecial).Apply(generated, logits);
  }
}

// Following the rules from any likelihoods, a run always ends, and its times never run backwards.
TEST(TimestampRulesTest, RandomRunsAreWellFormed) {
  const TimestampRules rule(kSpecial, 3);
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0, 2);
  for (int round = 0; round < 500; ++round) {
    std::vector<int32_t> run;
    int32_t last_time = 0;
    while (run.size() < 100) {
      std::vector<float> logits(kSize);
      for (float& logit : logits) logit = normal(random);
      rule.Apply(run, logits);
      const auto best = std::max_element(logits.begin(), logits.end());
      ASSERT_NE(*best, kForbidden) << "a dead end";
      const auto token = static_cast<int32_t>(best - logits.begin());
      if (token == kSpecial.end_of_text) break;
      ASSERT_NE(token, kSpecial.no_timestamps);
      if (token >= kSpecial.timestamp_begin) {
        ASSERT_GE(token, last_time);
        last_time = token;
      }
      run.push_back(token);
    }
    ASSERT_TRUE(run.empty() || run[0] >= kSpecial.timestamp_begin);
  }
}

TEST(CompressionRatioTest, LoopsCompressWell) {
  std::string loop;
  for (int i = 0; i < 40; ++i) loop += " and so on,";
  EXPECT_GT(CompressionRatio(loop), 10.0f);
  EXPECT_LT(CompressionRatio(" And so my fellow Americans, ask not what your country can do"),
            1.2f);
  EXPECT_EQ(CompressionRatio(""), 0.0f);
}

// As Python computes it: len(text) / len(zlib.compress(text)).
TEST(CompressionRatioTest, AgreesWithTheReference) {
  EXPECT_FLOAT_EQ(CompressionRatio("a"), 1.0f / 9);
  EXPECT_FLOAT_EQ(CompressionRatio(std::string(100, 'a')), 100.0f / 12);
  EXPECT_FLOAT_EQ(CompressionRatio("Äpfel und Öl, Äpfel und Öl, Äpfel und Öl"), 46.0f / 27);
}

}  // namespace
}  // namespace verbatim::whisper
