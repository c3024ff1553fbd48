// What a run decodes with, made once from the model and the options: prompt, language, rules, the
// settings to try in turn. The same for all windows and workers; windows of runs with different
// plans are decoded together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "pipeline/judgement.h"
#include "pipeline/transcribe.h"
#include "whisper/batch_decoder.h"
#include "whisper/model.h"
#include "whisper/search.h"

namespace verbatim::pipeline {

// The decoding rules of a model, the same for all its runs. That they are the same objects is what
// lets windows of different runs share a mask of the vocabulary (whisper/batch_decoder.cc).
struct SharedRules {
  std::shared_ptr<const whisper::DecodingRules> for_alignment;
  std::shared_ptr<const whisper::DecodingRules> for_tokens;
};

// Made once per model.
SharedRules MakeSharedRules(const whisper::Model& model);

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
  std::shared_ptr<const whisper::DecodingRules> rules;
  size_t tokens_max = 224;
};

// Errors: kInvalidArgument for options that this model cannot do.
Result<DecodingPlan> MakeDecodingPlan(const whisper::Model& model, const SharedRules& rules,
                                      const TranscribeOptions& options);

// What a worker's decoder holds besides a window's audio.
struct DecoderSize {
  size_t width = 1;      // hypotheses of each window
  size_t spare = 0;      // hypotheses beside those, for the windows that need more
  size_t positions = 1;  // prompt and text of one hypothesis

  // Whether what needs the other one finds room here.
  bool Holds(const DecoderSize& other) const {
    return width >= other.width && spare >= other.spare && positions >= other.positions;
  }

  // The smallest that holds both.
  DecoderSize With(const DecoderSize& other) const;

  // Hypotheses over all windows of a batch.
  size_t rows(size_t batch) const { return batch * width + spare; }

  friend bool operator==(const DecoderSize&, const DecoderSize&) = default;
};

// What windows of a plan need. A larger decoder yields the same text.
DecoderSize DecoderSizeFor(const whisper::Model& model, const DecodingPlan& plan);

}  // namespace verbatim::pipeline
