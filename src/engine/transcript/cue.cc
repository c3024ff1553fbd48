#include "transcript/cue.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "transcript/impl/atom.h"
#include "transcript/impl/cue_groups.h"
#include "transcript/impl/cue_timing.h"
#include "transcript/impl/line_break.h"

namespace verbatim::transcript {
namespace {

struct OptionRange {
  std::string_view name;
  int64_t value;
  int64_t min;
  int64_t max;
};

// More cues than the audio has frames for: neighbours share a cue.
std::vector<AtomRange> JoinCrowded(std::vector<AtomRange> groups, int64_t duration_ms) {
  const size_t count_max = std::max<size_t>(1, static_cast<size_t>(duration_ms / kCueFloorMs));
  if (groups.size() <= count_max) return groups;
  std::vector<AtomRange> joined;
  for (size_t i = 0; i < count_max; ++i) {
    const size_t first = groups.size() * i / count_max;
    const size_t last = groups.size() * (i + 1) / count_max - 1;
    joined.push_back({groups[first].begin, groups[last].end});
  }
  return joined;
}

std::vector<CueTime> TimesOf(const std::vector<Atom>& atoms, const std::vector<AtomRange>& groups) {
  std::vector<CueTime> times;
  times.reserve(groups.size());
  for (const AtomRange& group : groups) {
    times.push_back({.begin_ms = atoms[group.begin].begin_ms,
                     .end_ms = atoms[group.end - 1].end_ms,
                     .width = LineWidth(atoms, group.begin, group.end)});
  }
  return times;
}

}  // namespace

std::string LineText(const std::vector<Atom>& line) {
  std::string text;
  for (const Atom& atom : line) {
    if (!text.empty() && atom.space_before) text.push_back(' ');
    text += atom.text;
  }
  return text;
}

std::vector<CueLayout> LayOutCues(const Transcript& transcript, const CueOptions& options) {
  CHECK(ValidateCueOptions(options).has_value());
  const int64_t duration_ms = ClampedMilliseconds(transcript.duration, transcript.duration);
  const std::vector<Atom> atoms = MakeAtoms(transcript);
  if (duration_ms == 0 || atoms.empty()) return {};
  const std::vector<AtomRange> groups =
      JoinCrowded(GroupAtoms(atoms, duration_ms, options), duration_ms);
  const std::vector<CueTime> times = TimeCues(TimesOf(atoms, groups), duration_ms, options);
  std::vector<CueLayout> cues;
  cues.reserve(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    CueLayout cue{times[i].begin_ms, times[i].end_ms, {}};
    for (const AtomRange& line : BreakLines(atoms, groups[i], options.line_length_max)) {
      cue.lines.emplace_back(atoms.begin() + static_cast<std::ptrdiff_t>(line.begin),
                             atoms.begin() + static_cast<std::ptrdiff_t>(line.end));
    }
    cues.push_back(std::move(cue));
  }
  return cues;
}

std::vector<Cue> MakeCues(const Transcript& transcript, const CueOptions& options) {
  std::vector<Cue> cues;
  for (const CueLayout& layout : LayOutCues(transcript, options)) {
    Cue cue{layout.begin_ms, layout.end_ms, {}};
    for (const std::vector<Atom>& line : layout.lines) cue.lines.push_back(LineText(line));
    cues.push_back(std::move(cue));
  }
  return cues;
}

Result<void> ValidateCueOptions(const CueOptions& options) {
  const OptionRange ranges[] = {
      {"line_length_max", options.line_length_max, 10, 200},
      {"lines_max", options.lines_max, 1, 8},
      {"duration_min_ms", options.duration_min_ms, 100, 10'000},
      {"duration_max_ms", options.duration_max_ms, 500, 60'000},
      {"gap_min_ms", options.gap_min_ms, 0, 5'000},
      {"pause_break_ms", options.pause_break_ms, 100, 60'000},
      {"reading_speed_max", options.reading_speed_max, 5, 100},
  };
  for (const OptionRange& range : ranges) {
    if (range.value < range.min || range.value > range.max) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is {}; it must be from {} to {}", range.name, range.value,
                              range.min, range.max));
    }
  }
  if (options.duration_min_ms > options.duration_max_ms) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("duration_min_ms is {}; it must not exceed duration_max_ms, {}",
                            options.duration_min_ms, options.duration_max_ms));
  }
  return {};
}

}  // namespace verbatim::transcript
