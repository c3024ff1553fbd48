#include "transcript/revision.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "transcript/impl/break_grade.h"
#include "transcript/impl/text.h"
#include "transcript/retiming.h"

namespace verbatim::transcript {
namespace {

template <typename... Parts>
Failure Wrong(fmt::format_string<Parts...> format, Parts&&... parts) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format(format, std::forward<Parts>(parts)...));
}

double Seconds(SampleTime time) { return static_cast<double>(ToMilliseconds(time)) / 1000; }

// A person's text as a segment has it: one line, with a leading space where its script has spaces.
std::string StoredText(std::string_view shown) {
  std::string text = OneLine(shown);
  if (!text.empty() && !IsSpacelessScript(CodePoints(text).front())) text.insert(text.begin(), ' ');
  return text;
}

bool IsLineEnd(char32_t code) { return code == '\n' || code == '\r' || code == '\t'; }
bool IsControl(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

Result<void> CheckText(std::string_view text) {
  if (ToValidUtf8(text) != text) return Wrong("text: it is not valid UTF-8");
  const std::u32string codes = CodePoints(text);
  if (codes.size() > kSegmentCharactersMax) {
    return Wrong("text: it has {} characters; {} are allowed", codes.size(), kSegmentCharactersMax);
  }
  for (const char32_t code : codes) {
    if (IsControl(code) && !IsLineEnd(code)) {
      return Wrong("text: it has the control character U+{:04X}", static_cast<uint32_t>(code));
    }
  }
  if (OneLine(text).empty()) return Wrong("text: it is blank; delete the segment instead");
  return {};
}

// A segment without length may stay as it was.
bool HasTimesOf(const SegmentDraft& draft, const std::vector<Segment>& replaced) {
  return std::ranges::any_of(replaced, [&draft](const Segment& segment) {
    return segment.begin == draft.begin && segment.end == draft.end;
  });
}

Result<void> CheckTimes(const SegmentDraft& draft, SampleTime earliest, const DraftPlace& place) {
  if (draft.begin > draft.end || (draft.begin == draft.end && !HasTimesOf(draft, place.replaced))) {
    return Wrong("end: it is {} and must be after the start, {}", Seconds(draft.end),
                 Seconds(draft.begin));
  }
  if (draft.begin < earliest) {
    return Wrong("start: it is {}; the segment before ends at {}", Seconds(draft.begin),
                 Seconds(earliest));
  }
  const SampleTime latest = place.after ? place.after->begin : place.duration;
  if (draft.end > latest) {
    return Wrong("end: it is {}; {} at {}", Seconds(draft.end),
                 place.after ? "the segment after begins" : "the sound ends", Seconds(latest));
  }
  return {};
}

// The words' texts are taken from the segment's, with the spaces before them.
Result<std::vector<Word>> PlaceWords(const std::vector<Word>& words, const Segment& segment) {
  const std::string_view text = segment.text;
  std::vector<Word> placed;
  size_t reached = 0;
  SampleTime earliest = segment.begin;
  for (size_t i = 0; i < words.size(); ++i) {
    Word word = words[i];
    const std::string shown = OneLine(word.text);
    const size_t begin = std::min(text.find_first_not_of(' ', reached), text.size());
    if (shown.empty() || !text.substr(begin).starts_with(shown)) {
      return Wrong("words[{}].word: it does not stand next in the text", i);
    }
    if (word.begin < earliest || word.end < word.begin || word.end > segment.end) {
      return Wrong("words[{}]: its times, {} to {}, are out of order or outside of the segment", i,
                   Seconds(word.begin), Seconds(word.end));
    }
    word.text = text.substr(reached, begin + shown.size() - reached);
    reached = begin + shown.size();
    earliest = word.end;
    placed.push_back(std::move(word));
  }
  if (reached != text.size()) return Wrong("words: they end before the text does");
  return placed;
}

// By how much all segments are moved, if nothing else happens to their times; else 0.
SampleTime MovedBy(const std::vector<Segment>& replaced, std::span<const SegmentDraft> drafts) {
  if (replaced.empty() || replaced.size() != drafts.size()) return {};
  const SampleTime moved = drafts[0].begin - replaced[0].begin;
  for (size_t i = 0; i < drafts.size(); ++i) {
    if (drafts[i].begin - replaced[i].begin != moved) return {};
    if (drafts[i].end - replaced[i].end != moved) return {};
  }
  return moved;
}

std::vector<Word> WordsOf(const std::vector<Segment>& segments, SampleTime moved) {
  std::vector<Word> words;
  for (const Segment& segment : segments) {
    for (Word word : segment.words) {
      word.begin += moved;
      word.end += moved;
      words.push_back(std::move(word));
    }
  }
  return words;
}

// What a new segment has from the one that stood there: all but text, times and words.
Segment Origin(const DraftPlace& place, const SegmentDraft& draft) {
  Segment origin;
  if (place.before) origin.window = place.before->window;
  for (const Segment& segment : place.replaced) {
    if (segment.begin > draft.begin && &segment != &place.replaced.front()) break;
    origin = segment;
  }
  return origin;
}

Segment Begun(const DraftPlace& place, const SegmentDraft& draft) {
  Segment segment = Origin(place, draft);
  std::string text = StoredText(draft.text);
  if (text != segment.text) segment.tokens.clear();
  segment.begin = draft.begin;
  segment.end = draft.end;
  segment.text = std::move(text);
  segment.words.clear();
  segment.is_edited = true;
  return segment;
}

// The segment replaced that a draft leaves as it was; null if there is none.
const Segment* Unchanged(const DraftPlace& place, const SegmentDraft& draft) {
  if (draft.words) return nullptr;
  const std::string text = OneLine(draft.text);
  for (const Segment& segment : place.replaced) {
    if (segment.begin == draft.begin && segment.end == draft.end && OneLine(segment.text) == text) {
      return &segment;
    }
  }
  return nullptr;
}

bool IsBefore(const Segment& a, const Segment& b) {
  return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
}

// Changes that follow each other without a segment between them are one.
void AppendOrJoin(Changes& changes, Change change) {
  if (!changes.empty() && changes.back().first + changes.back().count == change.first) {
    changes.back().count += change.count;
    std::ranges::move(change.segments, std::back_inserter(changes.back().segments));
  } else {
    changes.push_back(std::move(change));
  }
}

}  // namespace

Result<void> CheckChanges(std::span<const Change> changes, size_t segment_count) {
  size_t reached = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    if (change.first < reached) {
      return Wrong(
          "changes[{}].first: it is {}; changes must ascend and not overlap, so {} is the "
          "least",
          i, change.first, reached);
    }
    if (change.first > segment_count || change.count > segment_count - change.first) {
      return Wrong("changes[{}]: segments {} to {} are asked for; there are {}", i, change.first,
                   change.first + change.count, segment_count);
    }
    reached = change.first + change.count;
  }
  return {};
}

Changes Apply(Changes changes, std::vector<Segment>& segments) {
  Changes inverse;
  std::vector<Segment> result;
  size_t reached = 0;
  const auto keep_until = [&](size_t end) {
    for (; reached < end; ++reached) result.push_back(std::move(segments[reached]));
  };
  for (Change& change : changes) {
    keep_until(change.first);
    Change back{result.size(), change.segments.size(), {}};
    const auto first = segments.begin() + static_cast<std::ptrdiff_t>(change.first);
    const auto last = first + static_cast<std::ptrdiff_t>(change.count);
    std::move(first, last, std::back_inserter(back.segments));
    reached += change.count;
    std::ranges::move(change.segments, std::back_inserter(result));
    inverse.push_back(std::move(back));
  }
  keep_until(segments.size());
  segments = std::move(result);
  return inverse;
}

Changes Difference(std::span<const Segment> before, std::span<const Segment> after) {
  Changes changes;
  size_t i = 0;
  size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      ++i;
      ++j;
      continue;
    }
    const bool is_over = i == before.size();
    const bool takes = j < after.size() && (is_over || !IsBefore(before[i], after[j]));
    const bool drops = !is_over && (j == after.size() || !IsBefore(after[j], before[i]));
    Change change{i, drops ? size_t{1} : size_t{0}, {}};
    i += change.count;
    if (takes) change.segments.push_back(after[j++]);
    AppendOrJoin(changes, std::move(change));
  }
  return changes;
}

Result<std::vector<Segment>> WriteDraft(const DraftPlace& place,
                                        std::span<const SegmentDraft> drafts) {
  SampleTime earliest = place.before ? place.before->end : SampleTime{0};
  std::vector<Segment> segments;
  std::vector<TimedText> texts;
  for (size_t i = 0; i < drafts.size(); ++i) {
    const SegmentDraft& draft = drafts[i];
    Result<void> right = CheckText(draft.text);
    if (right) right = CheckTimes(draft, earliest, place);
    if (!right)
      return Failure(std::move(right).error().WithContext(fmt::format("segments[{}]", i)));
    earliest = draft.end;
    segments.push_back(Begun(place, draft));
    texts.push_back({draft.begin, draft.end, segments.back().text});
  }
  const std::vector<Word> old = WordsOf(place.replaced, MovedBy(place.replaced, drafts));
  std::vector<std::vector<Word>> words = RetimeWords(old, texts);
  for (size_t i = 0; i < drafts.size(); ++i) {
    if (const Segment* same = Unchanged(place, drafts[i])) {
      segments[i] = *same;
    } else if (drafts[i].words) {
      Result<std::vector<Word>> placed = PlaceWords(*drafts[i].words, segments[i]);
      if (!placed) {
        return Failure(std::move(placed).error().WithContext(fmt::format("segments[{}]", i)));
      }
      segments[i].words = *std::move(placed);
    } else {
      segments[i].words = std::move(words[i]);
    }
  }
  return segments;
}

}  // namespace verbatim::transcript
