// What a run decodes with, made once from the model and the options: prompt, language, rules, the
// settings to try in turn. The same for all windows and workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "pipeline/judgement.h"
#include "pipeline/transcribe.h"
#include "whisper/batch_decoder.h"
#include "whisper/model.h"
#include "whisper/search.h"

namespace verbatim::pipeline {

// What is the same for all windows of a run.
struct DecodingPlan {
  std::vector<int32_t> previous;  // <|startofprev|> with hotwords and prompt; may be empty
  std::optional<whisper::LanguageGuess> language;  // none: to be detected, file by file
  bool is_multilingual = false;
  int32_t task_token = 0;  // used if is_multilingual
  SegmentTimes segment_times = SegmentTimes::kAlignment;
  std::vector<whisper::SearchOptions> tries;  // in order of temperature, not empty
  bool has_second_look = false;  // the second of the tries is for accepted but unsure text, too
  JudgementLimits limits;
  whisper::DecodingRules rules;
  size_t tokens_max = 224;
};

// Errors: kInvalidArgument for options that this model cannot do.
Result<DecodingPlan> MakeDecodingPlan(const whisper::Model& model,
                                      const TranscribeOptions& options);

}  // namespace verbatim::pipeline
