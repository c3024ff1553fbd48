// Cuts the text of one cue into lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "transcript/cue.h"
#include "transcript/impl/atom.h"

namespace verbatim::transcript {

struct AtomRange {
  size_t begin = 0;
  size_t end = 0;
};

// Counts lines while atoms are added one by one, each line as full as it can be: the smallest count
// possible. An atom wider than a line has a line of its own.
class LineCounter {
 public:
  explicit LineCounter(int line_length_max) : line_length_max_(line_length_max) {}
  void Add(const Atom& atom);
  int lines() const { return lines_; }
  // Unit: columns, as if all stood on one line.
  int64_t width() const { return width_; }

 private:
  int line_length_max_;
  int lines_ = 0;
  int64_t line_width_ = 0;
  int64_t width_ = 0;
};

// The lines of a cue: as few as the atoms need, then as even as good breaks allow.
std::vector<AtomRange> BreakLines(const std::vector<Atom>& atoms, AtomRange cue,
                                  int line_length_max);

}  // namespace verbatim::transcript
