// When cues appear and vanish.
#pragma once

#include <cstdint>
#include <vector>

#include "transcript/cue.h"

namespace verbatim::transcript {

// One frame at 25 frames a second: what a cue keeps in any case, if the recording has as much for
// each.
inline constexpr int64_t kCueFloorMs = 40;

struct CueTime {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  int64_t width = 0;  // columns of its text, for the reading speed
};

// Moves and stretches cues to the options. Begins and ends come in any state; afterwards each cue
// lasts at least kCueFloorMs (less only if duration / count is less), ends before the next begins,
// and lies within [0, duration]. A begin is moved only where cues would be shorter than that: later
// into the time that follows, spread evenly. `times`: at most as many as the duration has
// milliseconds.
std::vector<CueTime> TimeCues(std::vector<CueTime> times, int64_t duration_ms,
                              const CueOptions& options);

}  // namespace verbatim::transcript
