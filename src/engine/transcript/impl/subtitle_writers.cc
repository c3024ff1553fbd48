// SRT and WebVTT: cues with times.
#include <fmt/format.h>

#include <string_view>

#include "transcript/impl/cue_groups.h"
#include "transcript/impl/formats.h"

namespace verbatim::transcript {
namespace {

std::string ClockTime(int64_t milliseconds, char point) {
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", milliseconds / 3'600'000,
                     milliseconds / 60'000 % 60, milliseconds / 1000 % 60, point,
                     milliseconds % 1000);
}

std::string TimeLine(const CueLayout& cue, char point) {
  return ClockTime(cue.begin_ms, point) + " --> " + ClockTime(cue.end_ms, point) + "\n";
}

// An arrow in the text would read as a line of times. SRT has no escapes.
std::string WithoutArrows(std::string text) {
  for (size_t at = text.find("-->"); at != std::string::npos; at = text.find("-->", at)) {
    text.replace(at, 3, "→");
  }
  return text;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      default: escaped += letter;
    }
  }
  return escaped;
}

// The lines of one cue, with the time of each word that begins later than the one before and within
// the cue, as the format demands.
std::string VttText(const CueLayout& cue, WordTimes words) {
  std::string output;
  int64_t last_ms = cue.begin_ms;
  for (const std::vector<Atom>& line : cue.lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      const Atom& atom = line[i];
      if (i > 0 && atom.space_before) output += ' ';
      if (words == WordTimes::kWrite && atom.starts_word && atom.begin_ms > last_ms &&
          atom.begin_ms < cue.end_ms) {
        output += "<" + ClockTime(atom.begin_ms, '.') + ">";
        last_ms = atom.begin_ms;
      }
      output += Escaped(atom.text);
    }
    output += '\n';
  }
  return output;
}

}  // namespace

std::string RenderSrt(const Transcript& transcript, const CueOptions& options) {
  std::string output;
  size_t number = 0;
  for (const CueLayout& cue : LayOutCues(transcript, options)) {
    if (number > 0) output += '\n';
    output += fmt::format("{}\n", ++number) + TimeLine(cue, ',');
    for (const std::vector<Atom>& line : cue.lines) output += WithoutArrows(LineText(line)) + "\n";
  }
  return output;
}

std::string RenderVtt(const Transcript& transcript, const CueOptions& options, WordTimes words) {
  std::string output = "WEBVTT\n";
  for (const CueLayout& cue : LayOutCues(transcript, options)) {
    output += "\n" + TimeLine(cue, '.') + VttText(cue, words);
  }
  return output;
}

}  // namespace verbatim::transcript
