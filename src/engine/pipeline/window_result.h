// What a worker found in one window.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "split/window_planner.h"
#include "transcript/transcript.h"
#include "whisper/language_guess.h"

namespace verbatim::pipeline {

struct WindowResult {
  split::Window window;
  std::vector<transcript::CoverageSpan> coverage;  // of its speech
  std::vector<transcript::Segment> segments;       // absolute times
  std::string language;                            // the code it was decoded in
  float language_probability = 1;
  // What it told the others about the file's language (language_track.h), likeliest first. Empty if
  // that was settled or given.
  std::vector<whisper::LanguageGuess> language_guesses;
  // From its place in a batch to its text; not stored: 0 of a window that an earlier run finished.
  std::chrono::nanoseconds took{0};
};

}  // namespace verbatim::pipeline
