#include "pipeline/segments.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/check.h"

namespace verbatim::pipeline {
namespace {

using transcript::Segment;
using transcript::Word;

constexpr SampleTime kPauseBreak{kSampleRate};         // 1 s
constexpr SampleTime kWordLengthMin = kTimestampStep;  // 20 ms
constexpr SampleTime kWordLengthBase{6400};            // 400 ms, and for each character
constexpr SampleTime kWordLengthPerCharacter{1920};    // 120 ms

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

SampleTime LongestLength(std::string_view word) {
  return kWordLengthBase + kWordLengthPerCharacter * static_cast<int64_t>(CountCharacters(word));
}

// The segment of the window that holds a time within it; the joint belongs to the later one.
size_t SegmentAt(const split::Window& window, SampleTime in_window) {
  SampleTime passed{0};
  for (size_t i = 0; i + 1 < window.segments.size(); ++i) {
    passed += window.segments[i].end - window.segments[i].begin;
    if (in_window < passed) return i;
  }
  return window.segments.size() - 1;
}

struct Span {
  SampleTime begin{0};
  SampleTime end{0};
};

// Maps a stretch of the window to the file. One that crosses a joint stays on the side that holds
// more of it.
Span ToFile(const split::Window& window, SampleTime begin, SampleTime end) {
  const size_t first = SegmentAt(window, begin);
  const size_t last = SegmentAt(window, std::max(begin, end - SampleTime{1}));
  Span span{window.ToFileTime(begin, false), window.ToFileTime(end, true)};
  if (first == last) return span;
  const SampleTime before = window.segments[first].end - span.begin;
  const SampleTime after = span.end - window.segments[last].begin;
  if (before > after) return {span.begin, window.segments[first].end};
  return {window.segments[last].begin, span.end};
}

// Pauses inside a word's time are no part of it. Where a stretch of speech begins, the alignment
// counts the silence before the word to it; elsewhere, the silence after.
void CutToLetters(Word& word, bool is_first_of_stretch) {
  const SampleTime longest = LongestLength(word.text);
  if (word.end - word.begin <= longest) return;
  if (is_first_of_stretch) {
    word.begin = word.end - longest;
  } else {
    word.end = word.begin + longest;
  }
}

float MeanProbability(std::span<const float> logprobs) {
  double sum = 0;
  for (float logprob : logprobs) sum += std::exp(logprob);
  return logprobs.empty() ? 0 : static_cast<float>(sum / static_cast<double>(logprobs.size()));
}

bool EndsSentence(std::string_view word) {
  static constexpr std::string_view kClosers[] = {"\"", "'", ")", "]", "”", "’", "»", "」", "』"};
  static constexpr std::string_view kMarks[] = {".", "?", "!", "…", "。", "？", "！", "।", "؟"};
  for (std::string_view closer : kClosers) {
    if (word.ends_with(closer)) word.remove_suffix(closer.size());
  }
  return std::ranges::any_of(kMarks,
                             [word](std::string_view mark) { return word.ends_with(mark); });
}

// Collects words into one segment after the other.
class SegmentBuilder {
 public:
  SegmentBuilder(const AlignedText& text, int64_t window) : text_(text), window_(window) {}

  void Add(Word word, const whisper::WordTokens& from) {
    if (open_.words.empty()) open_.begin = word.begin;
    open_.end = word.end;
    open_.text += word.text;
    open_.tokens.insert(open_.tokens.end(),
                        text_.tokens.begin() + static_cast<ptrdiff_t>(from.begin),
                        text_.tokens.begin() + static_cast<ptrdiff_t>(from.end));
    open_.words.push_back(std::move(word));
  }

  void Close() {
    if (!open_.words.empty()) {
      open_.window = window_;
      segments_.push_back(std::move(open_));
    }
    open_ = {};
  }

  bool is_empty() const { return open_.words.empty(); }
  const Word& last() const { return open_.words.back(); }
  std::vector<Segment> Take() {
    Close();
    return std::move(segments_);
  }

 private:
  const AlignedText& text_;
  int64_t window_;
  Segment open_;
  std::vector<Segment> segments_;
};

// The words of a part lie within its time, as far as there is room.
void FitToPart(Segment& segment, const TimedPart& part, const split::Window& window) {
  const Span span = ToFile(window, part.from, part.to);
  segment.begin = std::min(span.begin, span.end);
  segment.end = std::max(segment.begin + kWordLengthMin, span.end);
  for (Word& word : segment.words) {
    word.begin = std::clamp(word.begin, segment.begin, segment.end);
    word.end = std::clamp(word.end, word.begin, segment.end);
  }
}

}  // namespace

std::vector<Word> MakeWords(const AlignedText& text, const whisper::Tokenizer& tokenizer,
                            std::string_view language, const split::Window& window) {
  CHECK(text.frames.size() == text.tokens.size() + 1);
  std::vector<Word> words;
  size_t previous_stretch = window.segments.size();
  SampleTime earliest = window.begin();
  for (const whisper::WordTokens& from : tokenizer.SplitWords(text.tokens, language)) {
    const SampleTime begin = kTimestampStep * text.frames[from.begin];
    const SampleTime end = std::max(begin + kWordLengthMin, kTimestampStep * text.frames[from.end]);
    const Span span = ToFile(window, begin, end);
    Word word{from.text, span.begin, span.end,
              MeanProbability(text.logprobs.subspan(from.begin, from.end - from.begin))};
    const size_t stretch = SegmentAt(window, begin);
    CutToLetters(word, stretch != previous_stretch);
    previous_stretch = stretch;
    word.begin = std::min(std::max(word.begin, earliest), window.end());
    word.end = std::min(std::max(word.end, word.begin), window.end());
    earliest = word.end;
    words.push_back(std::move(word));
  }
  return words;
}

std::vector<TimedPart> SplitTimedRun(const whisper::TokenRun& run,
                                     const whisper::SpecialTokens& special,
                                     SampleTime window_length, std::vector<int32_t>& text,
                                     std::vector<float>& logprobs) {
  std::vector<TimedPart> parts;
  TimedPart open;
  for (size_t i = 0; i < run.tokens.size(); ++i) {
    const int32_t token = run.tokens[i];
    if (token < special.end_of_text) {
      text.push_back(token);
      logprobs.push_back(run.logprobs[i]);
      continue;
    }
    if (token < special.timestamp_begin) continue;
    const SampleTime time =
        std::min(kTimestampStep * (token - special.timestamp_begin), window_length);
    if (text.size() > open.begin) {
      open.end = text.size();
      open.to = time;
      parts.push_back(open);
    }
    open = {text.size(), text.size(), time, time};
  }
  if (text.size() > open.begin) {
    open.end = text.size();
    open.to = window_length;
    parts.push_back(open);
  }
  return parts;
}

std::vector<Segment> MakeSegments(const AlignedText& text, const whisper::Tokenizer& tokenizer,
                                  std::string_view language, const split::Window& window,
                                  std::span<const TimedPart> parts) {
  const std::vector<whisper::WordTokens> ranges = tokenizer.SplitWords(text.tokens, language);
  std::vector<Word> words = MakeWords(text, tokenizer, language, window);
  SegmentBuilder builder(text, window.index);
  std::vector<size_t> part_of_segment;
  size_t part = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    if (parts.empty()) {
      const bool breaks =
          !builder.is_empty() &&
          (EndsSentence(builder.last().text) || words[i].begin - builder.last().end >= kPauseBreak);
      if (breaks) builder.Close();
    } else {
      size_t own = part;
      while (own + 1 < parts.size() && ranges[i].begin >= parts[own].end) ++own;
      if (own != part) builder.Close();
      part = own;
    }
    if (builder.is_empty()) part_of_segment.push_back(part);
    builder.Add(std::move(words[i]), ranges[i]);
  }
  std::vector<Segment> segments = builder.Take();
  for (size_t i = 0; !parts.empty() && i < segments.size(); ++i) {
    FitToPart(segments[i], parts[part_of_segment[i]], window);
  }
  return segments;
}

}  // namespace verbatim::pipeline
