#include "pipeline/judgement.h"

namespace verbatim::pipeline {

Verdict Judge(const Attempt& attempt, const JudgementLimits& limits) {
  if (attempt.text.find_first_not_of(' ') == std::string::npos) return Verdict::kSilent;
  const bool is_improbable = attempt.run.avg_logprob < limits.logprob_min;
  if (attempt.run.avg_logprob < limits.silent_logprob_max &&
      attempt.run.no_speech_prob > limits.no_speech_max) {
    return Verdict::kSilent;
  }
  if (attempt.compression_ratio > limits.compression_ratio_max) return Verdict::kRepetitive;
  return is_improbable ? Verdict::kImprobable : Verdict::kAccepted;
}

JudgementLimits LimitsFor(const JudgementLimits& limits, SampleTime length) {
  constexpr SampleTime kBrief{2 * kSampleRate};
  if (length >= kBrief) return limits;
  JudgementLimits halved = limits;
  halved.no_speech_max /= 2;
  halved.silent_logprob_max /= 2;
  return halved;
}

bool IsUnsure(const Attempt& attempt) {
  // Clear reading lies between -0.05 and -0.15. With this bound, `base` on English makes 10 % fewer
  // errors for a fourth more time; a bound of -0.15 finds little more (docs/benchmarks.md).
  constexpr float kSure = -0.25F;
  return !attempt.run.tokens.empty() && attempt.run.avg_logprob < kSure;
}

size_t LeastBad(const std::vector<Attempt>& attempts, const JudgementLimits& limits) {
  size_t best = 0;
  const auto repeats = [&](size_t i) {
    return attempts[i].compression_ratio > limits.compression_ratio_max;
  };
  for (size_t i = 1; i < attempts.size(); ++i) {
    const bool is_likelier = attempts[i].run.avg_logprob > attempts[best].run.avg_logprob;
    if (repeats(i) == repeats(best) ? is_likelier : repeats(best)) best = i;
  }
  return best;
}

std::string_view VerdictReason(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted: return "";
    case Verdict::kSilent: return "no words could be made out";
    case Verdict::kRepetitive: return "the text repeats itself and may be wrong";
    case Verdict::kImprobable: return "the text is improbable and may be wrong";
  }
  return "";
}

}  // namespace verbatim::pipeline
