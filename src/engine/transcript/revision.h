// How a person changes a transcript: runs of segments are replaced by others. Pure: what a change
// makes of a transcript, what takes it back, and what leads from one transcript to another.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "transcript/transcript.h"

namespace verbatim::transcript {

// Segments [first, first + count) become `segments`. No count: an insertion; no segments: a
// deletion.
struct Change {
  size_t first = 0;
  size_t count = 0;
  std::vector<Segment> segments;

  bool operator==(const Change&) const = default;
};

// In ascending order, without overlaps. Indices are those before any of the changes.
using Changes = std::vector<Change>;

// Whether `first` and `count` of the changes are in order and within so many segments.
// Errors: kInvalidArgument with the number of the change.
Result<void> CheckChanges(std::span<const Change> changes, size_t segment_count);

// Changes the segments; returns the changes that take it back. The changes must pass CheckChanges.
Changes Apply(Changes changes, std::vector<Segment>& segments);

// Changes that make `after` of `before`.
Changes Difference(std::span<const Segment> before, std::span<const Segment> after);

// A segment as a person gives it.
struct SegmentDraft {
  SampleTime begin{0};
  SampleTime end{0};
  std::string text;  // without outer spaces
  // Texts without outer spaces; none: to be found.
  std::optional<std::vector<Word>> words = std::nullopt;
};

// A change as a person gives it.
struct ChangeDraft {
  size_t first = 0;
  size_t count = 0;
  std::vector<SegmentDraft> segments;
};

// What a draft replaces, and what stands around it.
struct DraftPlace {
  std::vector<Segment> replaced;
  std::optional<Segment> before;  // none: it is the first
  std::optional<Segment> after;   // none: it is the last
  SampleTime duration{0};         // of the transcript
};

inline constexpr size_t kSegmentCharactersMax = 10'000;

// The segments of a draft. Words without times get them from the words replaced (RetimeWords);
// those of one segment that is moved as a whole move along. A segment that stays as it was stays
// what it was; all others are marked as edited, without tokens.
// Errors: kInvalidArgument with the segment and what is wrong: times out of order, outside of the
// audio or over a neighbour; a text that is blank, too long or not UTF-8; words that are not those
// of the text.
Result<std::vector<Segment>> WriteDraft(const DraftPlace& place,
                                        std::span<const SegmentDraft> drafts);

}  // namespace verbatim::transcript
