// Whether a window's text can be believed. Pure functions over what the search returned.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/sample_time.h"
#include "whisper/batch_decoder.h"
#include "whisper/search.h"

namespace verbatim::pipeline {

struct JudgementLimits {
  float compression_ratio_max = 2.4F;
  float logprob_min = -1.0F;
  float no_speech_max = 0.6F;
  float silent_logprob_max = -1.0F;  // improbable enough to be taken for silence, with the above
};

enum class Verdict {
  kAccepted,
  kSilent,      // the model hears no speech and does not believe in its own words, or says nothing
  kRepetitive,  // the text repeats itself: a loop
  kImprobable,  // the model does not believe in its own words
};

// One try at a window.
struct Attempt {
  whisper::TokenRun run;
  whisper::LanguageGuess language;  // it was decoded in
  std::string text;
  float compression_ratio = 0;
};

// Source: Radford et al. 2022, section 4.5.
Verdict Judge(const Attempt& attempt, const JudgementLimits& limits);

// Whether a second look is worth its time: the model believes less in the words of an accepted text
// than in those of speech it hears well.
bool IsUnsure(const Attempt& attempt);

// The limits for a stretch of speech of this length. In less than 2 s there is little to go by, and
// a noise taken for speech yields the commonest of phrases: half the doubt is enough for silence.
JudgementLimits LimitsFor(const JudgementLimits& limits, SampleTime length);

// Of several rejected attempts the one to keep: the likeliest that does not repeat itself, else the
// likeliest of all. Precondition: not empty.
size_t LeastBad(const std::vector<Attempt>& attempts, const JudgementLimits& limits);

// For coverage: why a text is marked, in a sentence. Empty for kAccepted.
std::string_view VerdictReason(Verdict verdict);

}  // namespace verbatim::pipeline
