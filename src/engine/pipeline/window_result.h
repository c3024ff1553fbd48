// What a worker found in one window.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "split/window_planner.h"
#include "transcript/transcript.h"

namespace verbatim::pipeline {

struct WindowResult {
  split::Window window;
  std::vector<transcript::CoverageSpan> coverage;  // of its speech
  std::vector<transcript::Segment> segments;       // absolute times
  std::string language;                            // the code it was decoded in
  float language_probability = 1;
};

}  // namespace verbatim::pipeline
