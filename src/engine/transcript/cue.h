// Words -> cues: what stands on the screen together. Breaks at sentence ends and pauses first, then
// where a line is full; balances two lines; keeps cues on the screen long enough to read without
// ever overlapping.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/sample_time.h"
#include "transcript/transcript.h"

namespace verbatim::transcript {

// Readers of these values pass them through ValidateCueOptions first.
struct CueOptions {
  int line_length_max = 42;  // columns: a grapheme cluster counts 1, a wide East Asian one 2
  int lines_max = 2;
  int64_t duration_min_ms = 1000;  // stretched into following silence where there is room
  int64_t duration_max_ms = 7000;
  int64_t gap_min_ms = 80;        // between two cues, taken from the end of the earlier one
  int64_t pause_break_ms = 1000;  // a pause this long always ends a cue
  int reading_speed_max = 20;  // columns a second; faster cues are stretched into following silence

  bool operator==(const CueOptions&) const = default;
};

// Milliseconds appear here for the first time.
struct Cue {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  std::vector<std::string> lines;  // without outer spaces, never empty
};

// Turns a transcript into what stands on the screen. Works for any transcript, also one whose times
// are out of order. Promises: begin < end <= next begin, within [0, duration], all text in order
// and once. A cue has at most lines_max lines of line_length_max columns and lasts at most
// duration_max_ms. Exceptions: a word wider than a line has a line of its own; a word longer than
// duration_max_ms is cut short; a word of a script without spaces that fills more than a cue goes
// on in the next; the gap gives way before a cue becomes shorter than 40 ms; with less than 40 ms
// of audio per cue, cues are joined beyond lines_max, and without any audio (a duration of 0 ms)
// there are none. Errors: none, for valid options.
std::vector<Cue> MakeCues(const Transcript& transcript, const CueOptions& options);

// Errors: kInvalidArgument with the option's name and range.
Result<void> ValidateCueOptions(const CueOptions& options);

}  // namespace verbatim::transcript
