// Words -> atoms: the smallest pieces of text that may stand on different lines, with their times
// in milliseconds. In scripts with spaces an atom is what stands between two spaces; in scripts
// without (Chinese, Japanese, Thai, Lao, Burmese, Khmer) it is one character with the punctuation
// that must stay on its line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "transcript/impl/break_grade.h"
#include "transcript/transcript.h"

namespace verbatim::transcript {

struct Atom {
  std::string text;  // one line, no spaces
  int width = 0;     // columns
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  bool space_before = false;  // written unless the atom begins a line
  bool starts_word = false;
  bool starts_segment = false;
  BreakGrade break_before = BreakGrade::kPlain;  // how well a line or cue can end here
};

// The atoms of a whole transcript. Times are clamped to [0, duration], never run backwards and
// never overlap; a word of several atoms shares its time among them by length. A segment without
// words counts as one word.
std::vector<Atom> MakeAtoms(const Transcript& transcript);

// Unit: columns of atoms [begin, end) on one line.
int LineWidth(const std::vector<Atom>& atoms, size_t begin, size_t end);

// Limits a time to [0, duration] in milliseconds: what every writer prints.
int64_t ClampedMilliseconds(SampleTime time, SampleTime duration);

}  // namespace verbatim::transcript
