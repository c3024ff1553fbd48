// Words -> cues: what stands on the screen together. Breaks at sentence ends and pauses first, then where a line is
// full; balances two lines; keeps cues on the screen long enough to read without ever overlapping.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/sample_time.h"
#include "transcript/transcript.h"

namespace verbatim::transcript {

struct CueOptions {
  int line_length_max = 42;         // characters (grapheme clusters; wide East Asian ones count 2)
  int lines_max = 2;
  int64_t duration_min_ms = 1000;   // stretched into following silence where there is room
  int64_t duration_max_ms = 7000;
  int64_t gap_min_ms = 80;          // between two cues, taken from the end of the earlier one
  int64_t pause_break_ms = 1000;    // a pause this long always ends a cue
};

// Milliseconds appear here for the first time.
struct Cue {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  std::vector<std::string> lines;   // without outer spaces, never empty
};

// Errors: none; a word longer than a line gets a line of its own.
// Promises: begin < end, end <= next begin, within [0, duration], every word in exactly one cue, in order.
std::vector<Cue> MakeCues(const Transcript& transcript, const CueOptions& options);

// Errors: kInvalidArgument with the option's name and range.
Result<void> ValidateCueOptions(const CueOptions& options);

}  // namespace verbatim::transcript
