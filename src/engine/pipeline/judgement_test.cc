#include "pipeline/judgement.h"

#include <gtest/gtest.h>

namespace verbatim::pipeline {
namespace {

Attempt Try(std::string text, float avg_logprob, float compression_ratio = 1,
            float no_speech_prob = 0) {
  Attempt attempt;
  attempt.text = std::move(text);
  attempt.run.avg_logprob = avg_logprob;
  attempt.run.no_speech_prob = no_speech_prob;
  attempt.compression_ratio = compression_ratio;
  return attempt;
}

TEST(Judge, BelievesLikelyText) {
  EXPECT_EQ(Judge(Try(" Hello.", -0.2F), {}), Verdict::kAccepted);
  EXPECT_EQ(Judge(Try(" Hello.", -1.0F, 2.4F, 1.0F), {}), Verdict::kAccepted);  // limits hold
}

TEST(Judge, NothingSaidIsSilence) {
  EXPECT_EQ(Judge(Try("", -0.1F), {}), Verdict::kSilent);
  EXPECT_EQ(Judge(Try("   ", -0.1F), {}), Verdict::kSilent);
}

// Both have to hold: a sure text in a doubtful place stands, and so does the doubt about it.
TEST(Judge, SilenceNeedsBothDoubts) {
  EXPECT_EQ(Judge(Try(" You.", -1.2F, 1, 0.7F), {}), Verdict::kSilent);
  EXPECT_EQ(Judge(Try(" You.", -0.9F, 1, 0.99F), {}), Verdict::kAccepted);
  EXPECT_EQ(Judge(Try(" You.", -1.2F, 1, 0.6F), {}), Verdict::kImprobable);
  EXPECT_EQ(Judge(Try(" You you you", -1.2F, 9, 0.7F), {}), Verdict::kSilent);
}

TEST(Judge, LoopsAreNamedBeforeImprobability) {
  EXPECT_EQ(Judge(Try(" la la la", -0.1F, 2.41F), {}), Verdict::kRepetitive);
  EXPECT_EQ(Judge(Try(" la la la", -3, 2.41F), {}), Verdict::kRepetitive);
}

TEST(Judge, LimitsAreTheCallers) {
  const JudgementLimits strict{1.5F, -0.5F, 0.1F, -0.5F};
  EXPECT_EQ(Judge(Try(" a", -0.6F, 1, 0.2F), strict), Verdict::kSilent);
  EXPECT_EQ(Judge(Try(" a", -0.6F, 1, 0.05F), strict), Verdict::kImprobable);
  EXPECT_EQ(Judge(Try(" a", -0.4F, 1.6F), strict), Verdict::kRepetitive);
}

// The doubt that makes a silence and the doubt that makes a retry have limits of their own.
TEST(Judge, SilenceMayNeedLessDoubtThanARetry) {
  const JudgementLimits limits{2.4F, -1.0F, 0.3F, -0.5F};
  EXPECT_EQ(Judge(Try(" you", -0.6F, 1, 0.4F), limits), Verdict::kSilent);
  EXPECT_EQ(Judge(Try(" you", -0.6F, 1, 0.2F), limits), Verdict::kAccepted);
  EXPECT_EQ(Judge(Try(" you", -0.4F, 1, 0.9F), limits), Verdict::kAccepted);
}

TEST(LimitsFor, BriefSpeechIsDoubtedSooner) {
  const JudgementLimits limits;
  const JudgementLimits brief = LimitsFor(limits, SampleTime{2 * kSampleRate - 1});
  EXPECT_FLOAT_EQ(brief.no_speech_max, limits.no_speech_max / 2);
  EXPECT_FLOAT_EQ(brief.silent_logprob_max, limits.silent_logprob_max / 2);
  EXPECT_EQ(brief.logprob_min, limits.logprob_min);
  EXPECT_EQ(brief.compression_ratio_max, limits.compression_ratio_max);
  const JudgementLimits longer = LimitsFor(limits, SampleTime{2 * kSampleRate});
  EXPECT_EQ(longer.no_speech_max, limits.no_speech_max);
  EXPECT_EQ(longer.silent_logprob_max, limits.silent_logprob_max);
}

TEST(LeastBad, IsTheLikeliestThatDoesNotRepeat) {
  EXPECT_EQ(LeastBad({Try("a", -3)}, {}), 0U);
  EXPECT_EQ(LeastBad({Try("a", -3), Try("b", -2), Try("c", -4)}, {}), 1U);
  EXPECT_EQ(LeastBad({Try("a", -0.1F, 5), Try("b", -4), Try("c", -2)}, {}), 2U);
  EXPECT_EQ(LeastBad({Try("b", -4), Try("a", -0.1F, 5)}, {}), 0U);
  EXPECT_EQ(LeastBad({Try("a", -2, 5), Try("b", -1, 7), Try("c", -3, 6)}, {}), 1U);
}

TEST(VerdictReason, SaysSomethingForAllButAcceptance) {
  EXPECT_EQ(VerdictReason(Verdict::kAccepted), "");
  for (const Verdict verdict : {Verdict::kSilent, Verdict::kRepetitive, Verdict::kImprobable}) {
    EXPECT_FALSE(VerdictReason(verdict).empty());
  }
}

TEST(Judgement, OnlyDoubtedTextIsUnsure) {
  Attempt attempt;
  attempt.run.tokens = {1, 2, 3};
  attempt.run.avg_logprob = -0.1F;
  EXPECT_FALSE(IsUnsure(attempt));
  attempt.run.avg_logprob = -0.4F;
  EXPECT_TRUE(IsUnsure(attempt));
  attempt.run.tokens.clear();
  EXPECT_FALSE(IsUnsure(attempt));
}

}  // namespace
}  // namespace verbatim::pipeline
