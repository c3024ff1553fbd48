// Decides which words stand on the screen together, and lays their lines out.
#pragma once

#include <cstdint>
#include <vector>

#include "transcript/cue.h"
#include "transcript/impl/atom.h"
#include "transcript/impl/line_break.h"

namespace verbatim::transcript {

// The atoms of each cue, in order, none left out: the cheapest of all ways to cut between pauses,
// where ending a sentence is cheap, tearing a phrase dear, and cues too short to read or left with
// one word cost extra. No group is longer than the options allow unless a single atom is.
std::vector<AtomRange> GroupAtoms(const std::vector<Atom>& atoms, int64_t duration_ms,
                                  const CueOptions& options);

// A cue whose lines still know their words; a line is never empty.
struct CueLayout {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  std::vector<std::vector<Atom>> lines;
};

// The text of one line.
std::string LineText(const std::vector<Atom>& line);

// MakeCues with the words kept, for formats that write their times.
std::vector<CueLayout> LayOutCues(const Transcript& transcript, const CueOptions& options);

}  // namespace verbatim::transcript
