// Probabilities -> speech segments, as a stream. Hysteresis between two thresholds, short bursts
// dropped, short pauses bridged, padding on both sides, and no segment longer than the limit:
// unbroken speech is cut at its longest pause or, where there is none, at its least likely speech.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/sample_time.h"

namespace verbatim::vad {

// A stretch that holds speech, half-open. Segments of a stream never overlap and come in order.
struct SpeechSegment {
  SampleTime begin{0};
  SampleTime end{0};
  float probability_mean = 0;  // over its blocks, padding left out
  float probability_max = 0;
};

struct SegmenterOptions {
  float threshold = 0.5F;        // speech begins at or above this probability
  float threshold_end = 0.35F;   // and goes on until below this one
  SampleTime speech_min{4000};   // 250 ms: shorter bursts are dropped
  SampleTime silence_min{2560};  // 160 ms: shorter pauses are bridged
  SampleTime padding{6400};      // 400 ms added at both ends, halved between close neighbours
  SampleTime length_max = kWindowLengthMax;  // padding included
};

class Segmenter {
 public:
  explicit Segmenter(const SegmenterOptions& options);
  ~Segmenter();
  Segmenter(Segmenter&&) noexcept;
  Segmenter& operator=(Segmenter&&) noexcept;

  // Takes the next block's probability (32 ms); returns the segments that are now final (usually
  // none).
  std::vector<SpeechSegment> Push(float probability);

  // Ends the stream at `end` (the true length of the audio); returns the last segments, none beyond
  // `end`.
  std::vector<SpeechSegment> Finish(SampleTime end);

  // Nothing before this time will be part of a segment still to come: audio before it may be
  // forgotten.
  SampleTime settled() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace verbatim::vad
