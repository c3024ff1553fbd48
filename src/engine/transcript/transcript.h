// What was heard in one file: words and segments with absolute times, and an account of every
// second of the audio. Plain values; made by pipeline, read by the writers (transcript/writers.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/sample_time.h"

namespace verbatim::transcript {

// One word with the punctuation that clings to it, and its leading space where the language has
// one: the texts of a segment's words joined are the segment's text.
struct Word {
  std::string text;     // valid UTF-8
  SampleTime begin{0};  // absolute, half-open
  SampleTime end{0};
  float probability = 0;  // 0..1; 1 if a person wrote it

  bool operator==(const Word&) const = default;
};

// A sentence or a phrase.
struct Segment {
  SampleTime begin{0};
  SampleTime end{0};
  std::string text;         // valid UTF-8, with its leading space
  std::vector<Word> words;  // never empty for a segment with text
  std::vector<int32_t> tokens;
  int64_t window = 0;     // which window it came from; the numbers below are the window's
  float avg_logprob = 0;  // natural logarithm, per token
  float compression_ratio = 0;
  float no_speech_prob = 0;
  float temperature = 0;
  bool is_edited = false;  // a person changed it

  bool operator==(const Segment&) const = default;
};

enum class CoverageKind {
  kTranscribed,  // speech, and its text stands in the segments
  kNoSpeech,     // nothing said here, as far as can be told
  kUncertain,    // text stands in the segments, but it failed the checks (repetition, low
                 // probability) after all retries
  kFailed,       // could not be read or transcribed; `reason` says why
};

std::string_view CoverageKindName(
    CoverageKind kind);  // "transcribed", "no_speech", "uncertain", "failed"

struct CoverageSpan {
  SampleTime begin{0};
  SampleTime end{0};
  CoverageKind kind = CoverageKind::kNoSpeech;
  std::string reason;  // empty for kTranscribed; else one short sentence
};

struct Transcript {
  std::string source;                  // the file's name, as the caller gave it
  std::string task = "transcribe";     // or "translate"
  std::string language;                // "en"
  float language_probability = 1;      // 1 if it was given
  std::string model;                   // "base"
  SampleTime duration{0};              // of the audio that was read
  std::vector<Segment> segments;       // in order, not overlapping, within [0, duration]
  std::vector<CoverageSpan> coverage;  // contiguous from 0 to duration
  std::vector<std::string> warnings;   // sentences for the person
};

// The whole text, segments joined, outer spaces removed.
std::string PlainText(const Transcript& transcript);

// The reason that CompleteCoverage gives to kNoSpeech where it has none.
inline constexpr std::string_view kNoSpeechReason = "no speech found";

// Makes the coverage whole: sorts, cuts overlaps (failed wins over uncertain, over transcribed,
// over no speech), fills holes with kNoSpeech, clips to [0, duration], joins equal neighbours. A
// pure function.
std::vector<CoverageSpan> CompleteCoverage(std::vector<CoverageSpan> spans, SampleTime duration);

}  // namespace verbatim::transcript
