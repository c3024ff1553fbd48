// Tokens with times -> segments with words, in the file's time. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/judgement.h"
#include "split/window_planner.h"
#include "transcript/transcript.h"
#include "whisper/tokenizer.h"

namespace verbatim::pipeline {

// A window's accepted text and where its tokens lie.
struct AlignedText {
  std::span<const int32_t> tokens;  // text tokens alone
  std::span<const float> logprobs;  // of each token
  std::span<const int32_t>
      frames;  // of 20 ms: where each token begins and, one more, where the text ends
};

// Shape: words in order, not overlapping, each within one speech segment of the window.
// A word that the alignment stretches over a pause is cut to a length that its letters can have.
std::vector<transcript::Word> MakeWords(const AlignedText& text,
                                        const whisper::Tokenizer& tokenizer,
                                        std::string_view language, const split::Window& window);

// A stretch of text that the model itself gave times, by timestamp tokens around it.
struct TimedPart {
  size_t begin = 0;  // indices into the text tokens, half-open
  size_t end = 0;
  SampleTime from{0};  // within the window
  SampleTime to{0};
};

// Takes a run apart: its text tokens go to `text`, their log-probabilities to `logprobs`; the parts
// between timestamp tokens are returned. A part that never got its second timestamp ends with the
// window.
std::vector<TimedPart> SplitTimedRun(const whisper::TokenRun& run,
                                     const whisper::SpecialTokens& special,
                                     SampleTime window_length, std::vector<int32_t>& text,
                                     std::vector<float>& logprobs);

// Words -> segments. With parts: one segment per part, with its times. Without: one per sentence,
// also cut at pauses of a second and more. The attempt gives every segment its numbers.
std::vector<transcript::Segment> MakeSegments(const AlignedText& text,
                                              const whisper::Tokenizer& tokenizer,
                                              std::string_view language,
                                              const split::Window& window,
                                              std::span<const TimedPart> parts);

}  // namespace verbatim::pipeline
