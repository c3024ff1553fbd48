#include "transcript/impl/cue_groups.h"

#include <algorithm>
#include <limits>

namespace verbatim::transcript {
namespace {

// Costs are thousandths of the cost of one more cue.
constexpr int64_t kCue = 1000;
constexpr int64_t kUnfilled = 1000;  // for an empty cue; by the square of the share that is empty
constexpr int64_t kTooShort =
    3000;  // for no time on the screen at all; in proportion to what is missing
constexpr int64_t kFragment = 2000;        // a few words that are not a sentence
constexpr int64_t kSentenceInside = 3000;  // two sentences in one cue
constexpr int64_t kSegmentInside = 300;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 4;

int64_t CutCost(BreakGrade grade) {
  switch (grade) {
    case BreakGrade::kSentence: return 0;
    case BreakGrade::kSegment: return 500;
    case BreakGrade::kPause: return 500;
    case BreakGrade::kClause: return 1000;
    case BreakGrade::kPhrase: return 2200;
    case BreakGrade::kPlain: return 3500;
    case BreakGrade::kWeak: return 6000;
    case BreakGrade::kInsideWord: return 60000;
  }
  return 0;
}

class CueGrouper {
 public:
  CueGrouper(const std::vector<Atom>& atoms, int64_t duration_ms, const CueOptions& options)
      : atoms_(atoms),
        duration_ms_(duration_ms),
        options_(options),
        capacity_(int64_t{options.line_length_max} * options.lines_max),
        costs_(atoms.size() + 1, 0),
        ends_(atoms.size(), 0) {}

  std::vector<AtomRange> Group() {
    size_t run_end = atoms_.size();
    for (size_t begin = atoms_.size(); begin-- > 0;) {
      FindBestEnd(begin, run_end);
      if (begin > 0 && PauseBefore(begin) >= options_.pause_break_ms) run_end = begin;
    }
    std::vector<AtomRange> groups;
    for (size_t begin = 0; begin < atoms_.size(); begin = ends_[begin]) {
      groups.push_back({begin, ends_[begin]});
    }
    return groups;
  }

 private:
  int64_t PauseBefore(size_t atom) const { return atoms_[atom].begin_ms - atoms_[atom - 1].end_ms; }

  // costs_[begin] becomes the cost of everything from `begin` on, ends_[begin] the end of its first
  // cue.
  void FindBestEnd(size_t begin, size_t run_end) {
    LineCounter counter(options_.line_length_max);
    int64_t inside = 0;
    costs_[begin] = kNever;
    for (size_t end = begin + 1; end <= run_end; ++end) {
      counter.Add(atoms_[end - 1]);
      if (end - 1 > begin) {
        const int64_t length_ms = atoms_[end - 1].end_ms - atoms_[begin].begin_ms;
        if (counter.lines() > options_.lines_max || length_ms > options_.duration_max_ms) break;
        inside += InsideCost(end - 1);
      }
      const int64_t cut = end < run_end ? CutCost(atoms_[end].break_before) : 0;
      const int64_t cost =
          costs_[end] + cut + inside + CueCost({begin, end}, run_end, counter.width());
      if (cost < costs_[begin]) {
        costs_[begin] = cost;
        ends_[begin] = end;
      }
    }
  }

  // What it costs to have a good break inside a cue, unused.
  int64_t InsideCost(size_t atom) const {
    switch (atoms_[atom].break_before) {
      case BreakGrade::kSentence: return kSentenceInside;
      case BreakGrade::kSegment: return kSegmentInside;
      case BreakGrade::kPause: return PauseBefore(atom);
      default: return 0;
    }
  }

  int64_t CueCost(AtomRange cue, size_t run_end, int64_t width) const {
    const int64_t unused = std::max<int64_t>(capacity_ - width, 0);
    int64_t cost = kCue + kUnfilled * unused * unused / (capacity_ * capacity_);
    const int64_t missing_ms = options_.duration_min_ms - ScreenTime(cue);
    if (missing_ms > 0) cost += kTooShort * missing_ms / options_.duration_min_ms;
    if (width * 4 < options_.line_length_max && !IsSentence(cue, run_end)) cost += kFragment;
    return cost;
  }

  // The time a cue can have on the screen, stretched as far as the next words allow.
  int64_t ScreenTime(AtomRange cue) const {
    const int64_t begin_ms = atoms_[cue.begin].begin_ms;
    const int64_t room_ms =
        cue.end < atoms_.size() ? atoms_[cue.end].begin_ms - options_.gap_min_ms : duration_ms_;
    const int64_t wish_ms =
        std::max(atoms_[cue.end - 1].end_ms, begin_ms + options_.duration_min_ms);
    return std::min(wish_ms, room_ms) - begin_ms;
  }

  bool IsSentence(AtomRange cue, size_t run_end) const {
    const bool ends = cue.end == run_end || atoms_[cue.end].break_before == BreakGrade::kSentence;
    const bool begins = cue.begin == 0 || atoms_[cue.begin].break_before == BreakGrade::kSentence ||
                        PauseBefore(cue.begin) >= options_.pause_break_ms;
    return begins && ends;
  }

  const std::vector<Atom>& atoms_;
  int64_t duration_ms_;
  const CueOptions& options_;
  int64_t capacity_;
  std::vector<int64_t> costs_;
  std::vector<size_t> ends_;
};

}  // namespace

std::vector<AtomRange> GroupAtoms(const std::vector<Atom>& atoms, int64_t duration_ms,
                                  const CueOptions& options) {
  return CueGrouper(atoms, duration_ms, options).Group();
}

}  // namespace verbatim::transcript
