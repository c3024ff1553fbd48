// The JSON document: OpenAI's verbose_json and what else rebuilds the transcript. docs/formats.md
// lists the fields.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <string_view>

#include "transcript/impl/atom.h"
#include "transcript/impl/formats.h"
#include "transcript/impl/text.h"
#include "transcript/segment_json.h"

namespace verbatim::transcript {
namespace {

std::string Quoted(std::string_view text) {
  return boost::json::serialize(boost::json::value(ToValidUtf8(text)));
}

// Decimals without trailing zeros, but at least one: "1.23", "0.0".
std::string Trimmed(std::string decimals) {
  while (decimals.ends_with('0') && !decimals.ends_with(".0")) decimals.pop_back();
  return decimals;
}

std::string Seconds(int64_t milliseconds) {
  return Trimmed(fmt::format("{}.{:03}", milliseconds / 1000, milliseconds % 1000));
}

// Four decimals are more than these measures mean, and survive reading and writing unchanged. JSON
// has no infinities.
std::string Number(float value) {
  constexpr double kLimit = 1e9;
  const double finite = std::isnan(value) ? 0 : std::clamp<double>(value, -kLimit, kLimit);
  const int64_t steps = std::llround(finite * 10'000);
  const int64_t size = std::abs(steps);
  return Trimmed(fmt::format("{}{}.{:04}", steps < 0 ? "-" : "", size / 10'000, size % 10'000));
}

struct Times {
  std::string begin;
  std::string end;
};

Times TimesOf(SampleTime begin, SampleTime end, SampleTime duration) {
  const int64_t begin_ms = ClampedMilliseconds(begin, duration);
  const int64_t end_ms = std::max(begin_ms, ClampedMilliseconds(end, duration));
  return {Seconds(begin_ms), Seconds(end_ms)};
}

// "[]", or the items on lines of their own.
std::string List(const std::vector<std::string>& items) {
  if (items.empty()) return "[]";
  return fmt::format("[\n    {}\n  ]", fmt::join(items, ",\n    "));
}

std::string WordData(const Segment& segment, SampleTime duration) {
  std::vector<std::string> items;
  items.reserve(segment.words.size());
  for (const Word& word : segment.words) {
    const Times times = TimesOf(word.begin, word.end, duration);
    items.push_back(fmt::format("[{}, {}, {}, {}]", Quoted(word.text), times.begin, times.end,
                                Number(word.probability)));
  }
  return fmt::format("[{}]", fmt::join(items, ", "));
}

// `seek_ms`: where the segment's window has its first text.
std::string SegmentItem(const Segment& segment, size_t id, int64_t seek_ms, SampleTime duration) {
  const Times times = TimesOf(segment.begin, segment.end, duration);
  return fmt::format(
      "{{\"id\": {}, \"seek\": {}, \"start\": {}, \"end\": {}, \"text\": {},\n"
      "     \"tokens\": [{}],\n"
      "     \"temperature\": {}, \"avg_logprob\": {}, \"compression_ratio\": {}, "
      "\"no_speech_prob\": {}, \"window\": {}{},\n"
      "     \"word_data\": {}}}",
      id, seek_ms / 10, times.begin, times.end, Quoted(segment.text),
      fmt::join(segment.tokens, ", "), Number(segment.temperature), Number(segment.avg_logprob),
      Number(segment.compression_ratio), Number(segment.no_speech_prob), segment.window,
      segment.is_edited ? ", \"edited\": true" : "", WordData(segment, duration));
}

std::string Words(const Transcript& transcript) {
  std::vector<std::string> items;
  for (const Segment& segment : transcript.segments) {
    for (const Word& word : segment.words) {
      const Times times = TimesOf(word.begin, word.end, transcript.duration);
      items.push_back(fmt::format(
          "{{\"word\": {}, \"start\": {}, \"end\": {}, \"probability\": {}}}",
          Quoted(OneLine(word.text)), times.begin, times.end, Number(word.probability)));
    }
  }
  return List(items);
}

// Spans that round to nothing are left out: their neighbours meet at the same millisecond.
std::string Coverage(const Transcript& transcript) {
  std::vector<std::string> items;
  for (const CoverageSpan& span : transcript.coverage) {
    const Times times = TimesOf(span.begin, span.end, transcript.duration);
    if (times.begin == times.end) continue;
    items.push_back(
        fmt::format("{{\"start\": {}, \"end\": {}, \"status\": \"{}\", \"reason\": {}}}",
                    times.begin, times.end, CoverageKindName(span.kind), Quoted(span.reason)));
  }
  return List(items);
}

std::string Warnings(const Transcript& transcript) {
  std::vector<std::string> items;
  for (const std::string& warning : transcript.warnings) items.push_back(Quoted(warning));
  return List(items);
}

std::string Cues(const CueOptions& options) {
  return fmt::format(
      "{{\"line_length_max\": {}, \"lines_max\": {}, \"duration_min_ms\": {}, "
      "\"duration_max_ms\": {}, \"gap_min_ms\": {}, \"pause_break_ms\": {}, "
      "\"reading_speed_max\": {}}}",
      options.line_length_max, options.lines_max, options.duration_min_ms, options.duration_max_ms,
      options.gap_min_ms, options.pause_break_ms, options.reading_speed_max);
}

std::string ChangeItem(const Change& change, SampleTime duration) {
  return fmt::format("{{\"first\": {}, \"count\": {}, \"segments\": {}}}", change.first,
                     change.count, RenderSegments(change.segments, duration));
}

}  // namespace

std::string RenderSegments(std::span<const Segment> segments, SampleTime duration) {
  std::vector<std::string> items;
  items.reserve(segments.size());
  int64_t seek_ms = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    if (i == 0 || segment.window != segments[i - 1].window) {
      seek_ms = ClampedMilliseconds(segment.begin, duration);
    }
    items.push_back(SegmentItem(segment, i, seek_ms, duration));
  }
  return List(items);
}

std::string RenderChanges(std::span<const Change> changes, SampleTime duration) {
  std::vector<std::string> items;
  items.reserve(changes.size());
  for (const Change& change : changes) items.push_back(ChangeItem(change, duration));
  return List(items);
}

std::string RenderJson(const Transcript& transcript, const CueOptions& options, WordTimes words) {
  std::vector<std::string> fields;
  const auto add = [&fields](std::string_view name, const std::string& value) {
    fields.push_back(fmt::format("  \"{}\": {}", name, value));
  };
  add("format_version", std::to_string(kJsonVersion));
  add("task", Quoted(transcript.task));
  add("language", Quoted(transcript.language));
  add("language_probability", Number(transcript.language_probability));
  add("duration", Seconds(ClampedMilliseconds(transcript.duration, transcript.duration)));
  add("model", Quoted(transcript.model));
  add("source", Quoted(transcript.source));
  add("text", Quoted(PlainText(transcript)));
  add("segments", RenderSegments(transcript.segments, transcript.duration));
  if (words == WordTimes::kWrite) add("words", Words(transcript));
  add("coverage", Coverage(transcript));
  add("warnings", Warnings(transcript));
  add("cues", Cues(options));
  return fmt::format("{{\n{}\n}}\n", fmt::join(fields, ",\n"));
}

}  // namespace verbatim::transcript
