// Any words at any times: SRT and WebVTT, read back by their own rules, give the cues that were
// laid out, whatever stands in the text.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "transcript/cue.h"
#include "transcript/writers.h"

namespace transcript = verbatim::transcript;
using transcript::Cue;
using verbatim::SampleTime;

namespace {

// What a subtitle could be confused by, and letters of several widths.
constexpr std::string_view kPieces[] = {"a",  "Word",        "-->", "--",   ">", "<i>", "&amp;",
                                        "\n", "\r",          "1",   ".",    ",", "...", "ж",
                                        "語", "👩‍👧", " ",   "NOTE", "{", "\t",  "WEBVTT"};

// Two bytes a piece of text: which, and when.
transcript::Transcript TranscriptOf(const uint8_t* data, size_t size) {
  transcript::Transcript made;
  transcript::Segment segment;
  SampleTime now{0};
  for (size_t i = 0; i + 1 < size; i += 2) {
    transcript::Word word;
    word.text = (data[i] & 128) != 0 ? " " : "";
    word.text += kPieces[(data[i] & 127) % std::size(kPieces)];
    word.begin = now;
    now += SampleTime{int64_t{data[i + 1]} * 400};
    word.end = now;
    segment.text += word.text;
    segment.words.push_back(std::move(word));
    if (data[i + 1] % 16 == 0 || i + 3 >= size) {
      segment.begin = segment.words.front().begin;
      segment.end = now;
      made.segments.push_back(std::exchange(segment, {}));
    }
  }
  made.duration = now;
  return made;
}

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    CHECK(end != std::string_view::npos);  // the last line is ended
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

// "01:02:03,004": hours have at least two digits.
int64_t TimeOf(std::string_view text, char point) {
  CHECK(text.size() >= 12 && text[text.size() - 4] == point);
  int64_t hours = 0;
  int minutes = 0;
  int seconds = 0;
  int milliseconds = 0;
  const char* end = text.data() + text.size();
  std::from_chars(text.data(), end - 10, hours);
  std::from_chars(end - 9, end - 7, minutes);
  std::from_chars(end - 6, end - 4, seconds);
  std::from_chars(end - 3, end, milliseconds);
  CHECK(minutes < 60 && seconds < 60);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;
}

// Without the times of words, and with letters for their names.
std::string Unescaped(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    const std::string_view rest = line.substr(i);
    if (rest.starts_with('<')) {
      const size_t end = rest.find('>');
      CHECK(end != std::string_view::npos);
      TimeOf(rest.substr(1, end - 1), '.');
      i += end;
    } else if (rest.starts_with("&lt;")) {
      text += '<';
      i += 3;
    } else if (rest.starts_with("&gt;")) {
      text += '>';
      i += 3;
    } else if (rest.starts_with("&amp;")) {
      text += '&';
      i += 4;
    } else {
      CHECK(line[i] != '&' && line[i] != '>');
      text += line[i];
    }
  }
  return text;
}

// Cues stand between empty lines, and a line with an arrow is one of times.
std::vector<Cue> ReadCues(const std::vector<std::string>& lines, char point) {
  std::vector<Cue> cues;
  bool is_inside = false;
  for (const std::string& line : lines) {
    const size_t arrow = line.find(" --> ");
    if (line.empty()) {
      is_inside = false;
    } else if (arrow != std::string::npos) {
      CHECK(!is_inside);
      cues.push_back({TimeOf(std::string_view(line).substr(0, arrow), point),
                      TimeOf(std::string_view(line).substr(arrow + 5), point),
                      {}});
      is_inside = true;
    } else if (is_inside) {
      CHECK(!line.contains("-->") && !line.contains('\r'));
      cues.back().lines.push_back(point == '.' ? Unescaped(line) : line);
    } else if (point == ',') {
      CHECK(line == std::to_string(cues.size() + 1));
    } else {
      CHECK(line == "WEBVTT" && cues.empty());
    }
  }
  return cues;
}

// SRT has no escapes, so arrows are other letters there.
std::string WithoutArrows(std::string line) {
  for (size_t at = 0; (at = line.find("-->")) != std::string::npos;) line.replace(at, 3, "→");
  return line;
}

void CheckSame(const std::vector<Cue>& read, std::vector<Cue> wanted, bool has_arrows) {
  CHECK(read.size() == wanted.size());
  for (size_t i = 0; i < read.size(); ++i) {
    CHECK(read[i].begin_ms == wanted[i].begin_ms && read[i].end_ms == wanted[i].end_ms);
    CHECK(read[i].begin_ms < read[i].end_ms);
    CHECK(i == 0 || read[i - 1].end_ms <= read[i].begin_ms);
    if (!has_arrows)
      std::ranges::transform(wanted[i].lines, wanted[i].lines.begin(), WithoutArrows);
    CHECK(read[i].lines == wanted[i].lines);
  }
}

}  // namespace

// The first byte chooses the shape of cues.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  transcript::CueOptions options;
  options.lines_max = 1 + data[0] % 3;
  options.line_length_max = 20 + data[0] % 40;
  CHECK(transcript::ValidateCueOptions(options).has_value());
  const transcript::Transcript made = TranscriptOf(data + 1, size - 1);
  const std::vector<Cue> cues = transcript::MakeCues(made, options);
  for (const auto words : {transcript::WordTimes::kOmit, transcript::WordTimes::kWrite}) {
    const auto lines = [&](transcript::Format format) {
      return LinesOf(transcript::Render(made, format, options, words));
    };
    CheckSame(ReadCues(lines(transcript::Format::kSrt), ','), cues, /*has_arrows=*/false);
    CheckSame(ReadCues(lines(transcript::Format::kVtt), '.'), cues, /*has_arrows=*/true);
  }
  return 0;
}
