#include "transcript/impl/line_break.h"

#include <algorithm>
#include <array>
#include <limits>

namespace verbatim::transcript {
namespace {

// Costs are thousandths. A line that is half a line too long or too short costs kUneven / 4: as
// much as a break between two plain words, so a comma is worth moving the break by about a quarter
// of a line.
constexpr int64_t kUneven = 8000;
constexpr int64_t kLoneShortWord = 3000;
constexpr int kShortWordWidth = 6;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 4;

int64_t BreakCost(BreakGrade grade) {
  switch (grade) {
    case BreakGrade::kSentence: return 0;
    case BreakGrade::kSegment: return 200;
    case BreakGrade::kPause: return 200;
    case BreakGrade::kClause: return 300;
    case BreakGrade::kPhrase: return 900;
    case BreakGrade::kPlain: return 1500;
    case BreakGrade::kWeak: return 3000;
    case BreakGrade::kInsideWord: return 4000;
  }
  return 0;
}

// Finds the cheapest cut of a cue into a given number of lines, from the last line to the first.
class LineBreaker {
 public:
  LineBreaker(const std::vector<Atom>& atoms, AtomRange cue, int line_length_max, int lines)
      : atoms_(atoms),
        cue_(cue),
        line_length_max_(line_length_max),
        lines_(lines),
        target_(LineWidth(atoms, cue.begin, cue.end) / lines),
        costs_(cue.end - cue.begin + 1, kNever),
        ends_(static_cast<size_t>(lines), std::vector<size_t>(costs_.size(), cue.end)) {}

  std::vector<AtomRange> Break() {
    costs_.back() = 0;
    for (int line = lines_ - 1; line >= 0; --line) FillLine(static_cast<size_t>(line));
    std::vector<AtomRange> result;
    size_t begin = cue_.begin;
    for (const std::vector<size_t>& ends : ends_) {
      const size_t end = ends[begin - cue_.begin];
      result.push_back({begin, end});
      begin = end;
    }
    return result;
  }

 private:
  // costs_[i] becomes the cost of atoms i.. on this line and the ones after it.
  void FillLine(size_t line) {
    std::vector<int64_t> costs(costs_.size(), kNever);
    for (size_t begin = cue_.begin; begin < cue_.end; ++begin) {
      int64_t width = 0;
      for (size_t end = begin + 1; end <= cue_.end; ++end) {
        const Atom& atom = atoms_[end - 1];
        width += atom.width + (end - 1 > begin && atom.space_before ? 1 : 0);
        if (width > line_length_max_ && end > begin + 1) break;
        const int64_t rest = costs_[end - cue_.begin];
        if (rest >= kNever) continue;
        const int64_t cost = rest + LineCost({begin, end}, width);
        if (cost < costs[begin - cue_.begin]) {
          costs[begin - cue_.begin] = cost;
          ends_[line][begin - cue_.begin] = end;
        }
      }
    }
    costs_ = std::move(costs);
  }

  int64_t LineCost(AtomRange line, int64_t width) const {
    const int64_t limit = line_length_max_;
    const int64_t off = std::min(std::abs(width - target_), 4 * limit);
    int64_t cost = kUneven * off * off / (limit * limit);
    if (line.begin > cue_.begin) cost += BreakCost(atoms_[line.begin].break_before);
    if (line.end - line.begin == 1 && width < kShortWordWidth) cost += kLoneShortWord;
    return cost;
  }

  const std::vector<Atom>& atoms_;
  AtomRange cue_;
  int line_length_max_;
  int lines_;
  int64_t target_;
  std::vector<int64_t> costs_;             // [atoms + 1]
  std::vector<std::vector<size_t>> ends_;  // [lines, atoms + 1]: where the best line from here ends
};

// Each line as full as it can be.
std::vector<AtomRange> FillLines(const std::vector<Atom>& atoms, AtomRange cue,
                                 int line_length_max) {
  std::vector<AtomRange> lines;
  LineCounter counter(line_length_max);
  for (size_t i = cue.begin; i < cue.end; ++i) {
    const int count = counter.lines();
    counter.Add(atoms[i]);
    if (counter.lines() > count) lines.push_back({i, i});
    lines.back().end = i + 1;
  }
  return lines;
}

}  // namespace

void LineCounter::Add(const Atom& atom) {
  const int space = lines_ > 0 && atom.space_before ? 1 : 0;
  width_ += atom.width + space;
  if (lines_ > 0 && line_width_ + space + atom.width <= line_length_max_) {
    line_width_ += space + atom.width;
    return;
  }
  ++lines_;
  line_width_ = atom.width;
}

std::vector<AtomRange> BreakLines(const std::vector<Atom>& atoms, AtomRange cue,
                                  int line_length_max) {
  // Many lines are a heap of words without times, not worth the squared effort of evening them out.
  constexpr size_t kEvenLinesMax = 16;
  std::vector<AtomRange> filled = FillLines(atoms, cue, line_length_max);
  if (filled.size() <= 1 || filled.size() > kEvenLinesMax) return filled;
  return LineBreaker(atoms, cue, line_length_max, static_cast<int>(filled.size())).Break();
}

}  // namespace verbatim::transcript
