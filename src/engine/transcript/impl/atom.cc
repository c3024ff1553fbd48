#include "transcript/impl/atom.h"

#include <utf8proc.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "transcript/impl/text.h"

namespace verbatim::transcript {
namespace {

constexpr int64_t kBreathMs = 400;

// One word's place in the text of its segment, and its time.
struct PlacedWord {
  size_t begin = 0;  // bytes, without its outer spaces; begin < end
  size_t end = 0;
  int64_t begin_ms = 0;
  int64_t end_ms = 0;

  // The time at a byte of the segment's text, shared among the word's bytes.
  int64_t TimeAt(size_t offset) const {
    const auto passed = static_cast<int64_t>(std::clamp(offset, begin, end) - begin);
    const int64_t length_ms = std::max<int64_t>(end_ms - begin_ms, 0);
    return begin_ms + length_ms * passed / static_cast<int64_t>(end - begin);
  }
};

struct PlacedText {
  std::string text;
  std::vector<PlacedWord> words;
};

void Place(const Word& word, SampleTime duration, PlacedText& placed) {
  const std::string valid = ToValidUtf8(word.text);
  const size_t offset = placed.text.size();
  placed.text += valid;
  const std::vector<Cluster> clusters = SplitClusters(valid);
  const auto is_visible = [](const Cluster& cluster) { return !cluster.is_space; };
  const auto first = std::ranges::find_if(clusters, is_visible);
  if (first == clusters.end()) return;
  const auto last = std::find_if(clusters.rbegin(), clusters.rend(), is_visible);
  placed.words.push_back({.begin = offset + first->begin,
                          .end = offset + last->end,
                          .begin_ms = ClampedMilliseconds(word.begin, duration),
                          .end_ms = ClampedMilliseconds(word.end, duration)});
}

PlacedText PlaceWords(const Segment& segment, SampleTime duration) {
  PlacedText placed;
  if (segment.words.empty()) {
    Place({.text = segment.text, .begin = segment.begin, .end = segment.end}, duration, placed);
  }
  for (const Word& word : segment.words) Place(word, duration, placed);
  return placed;
}

bool IsWidePunctuation(const Atom& atom) {
  const char32_t last = CodePoints(atom.text).back();
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(last));
  return IsSpacelessScript(last) && category >= UTF8PROC_CATEGORY_PC &&
         category <= UTF8PROC_CATEGORY_PO;
}

// Cuts the text of one segment where lines may end.
class SegmentCutter {
 public:
  SegmentCutter(const PlacedText& placed, std::vector<Atom>& atoms)
      : placed_(placed), atoms_(atoms) {}

  void Cut() {
    for (const Cluster& cluster : SplitClusters(placed_.text)) {
      if (cluster.is_space) {
        space_due_ = true;
        continue;
      }
      if (first_ || space_due_ || MayBreakBetween(previous_, cluster.first)) Begin(cluster);
      Extend(cluster);
      space_due_ = false;
      first_ = false;
      previous_ = cluster.last;
    }
  }

 private:
  void Begin(const Cluster& cluster) {
    const PlacedWord& word = WordAt(cluster.begin);
    // Two segments on one line need a space even where their words have none, as in Japanese.
    const bool joins = first_ && !atoms_.empty() && !IsWidePunctuation(atoms_.back());
    Atom& atom = atoms_.emplace_back();
    atom.begin_ms = word.TimeAt(cluster.begin);
    atom.space_before = space_due_ || joins;
    atom.starts_word = first_ || space_due_ || cluster.begin == word.begin;
    atom.starts_segment = first_;
  }

  void Extend(const Cluster& cluster) {
    Atom& atom = atoms_.back();
    atom.text.append(placed_.text, cluster.begin, cluster.end - cluster.begin);
    atom.width += cluster.width;
    atom.end_ms = WordAt(cluster.end - 1).TimeAt(cluster.end);
  }

  // The word that holds a byte, or the last one before it. Bytes are asked for in order.
  const PlacedWord& WordAt(size_t offset) {
    while (word_ + 1 < placed_.words.size() && placed_.words[word_ + 1].begin <= offset) ++word_;
    return placed_.words[word_];
  }

  const PlacedText& placed_;
  std::vector<Atom>& atoms_;
  size_t word_ = 0;
  bool first_ = true;
  bool space_due_ = false;
  char32_t previous_ = 0;
};

void OrderTimes(std::vector<Atom>& atoms) {
  for (size_t i = 1; i < atoms.size(); ++i) {
    atoms[i].begin_ms = std::max(atoms[i].begin_ms, atoms[i - 1].begin_ms);
  }
  for (size_t i = 0; i < atoms.size(); ++i) {
    atoms[i].end_ms = std::max(atoms[i].end_ms, atoms[i].begin_ms);
    if (i + 1 < atoms.size()) atoms[i].end_ms = std::min(atoms[i].end_ms, atoms[i + 1].begin_ms);
  }
}

BreakGrade GradeBetween(const Atom& before, const Atom& after, std::string_view language) {
  const BreakGrade grade = GradeBreak(before.text, after.text, language);
  if (grade == BreakGrade::kSentence) return grade;
  if (!after.starts_word) return BreakGrade::kInsideWord;
  if (after.starts_segment) return BreakGrade::kSegment;
  if (after.begin_ms - before.end_ms >= kBreathMs) return BreakGrade::kPause;
  // Where words have no spaces, a space ends a phrase.
  if (after.space_before && IsSpacelessScript(CodePoints(before.text).back())) {
    return BreakGrade::kClause;
  }
  return grade;
}

}  // namespace

int64_t ClampedMilliseconds(SampleTime time, SampleTime duration) {
  // Some 30 years: far from any overflow, longer than any recording.
  constexpr SampleTime kTimeMax{kSampleRate * 1'000'000'000};
  const SampleTime end = std::clamp(duration, SampleTime{0}, kTimeMax);
  return ToMilliseconds(std::clamp(time, SampleTime{0}, end));
}

std::vector<Atom> MakeAtoms(const Transcript& transcript) {
  std::vector<Atom> atoms;
  for (const Segment& segment : transcript.segments) {
    const PlacedText placed = PlaceWords(segment, transcript.duration);
    if (!placed.words.empty()) SegmentCutter(placed, atoms).Cut();
  }
  OrderTimes(atoms);
  for (size_t i = 1; i < atoms.size(); ++i) {
    atoms[i].break_before = GradeBetween(atoms[i - 1], atoms[i], transcript.language);
  }
  return atoms;
}

int LineWidth(const std::vector<Atom>& atoms, size_t begin, size_t end) {
  int width = 0;
  for (size_t i = begin; i < end; ++i) {
    width += atoms[i].width + (i > begin && atoms[i].space_before ? 1 : 0);
  }
  return width;
}

}  // namespace verbatim::transcript
