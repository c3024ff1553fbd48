#include "transcript/impl/cue_timing.h"

#include <algorithm>

#include "base/check.h"

namespace verbatim::transcript {
namespace {

// Cues that begin together (their words had no times of their own) share the time up to the next
// one.
void SpreadCrowds(std::vector<CueTime>& times, int64_t duration_ms, int64_t spacing_max_ms) {
  for (size_t first = 0; first < times.size();) {
    size_t end = first + 1;
    while (end < times.size() && times[end].begin_ms - times[end - 1].begin_ms < kCueFloorMs) ++end;
    const int64_t until_ms = end < times.size() ? times[end].begin_ms : duration_ms;
    const auto count = static_cast<int64_t>(end - first);
    const int64_t begin_ms = times[first].begin_ms;
    const int64_t spacing_ms = std::min((until_ms - begin_ms) / count, spacing_max_ms);
    if (count > 1 && spacing_ms >= kCueFloorMs) {
      for (size_t i = first; i < end; ++i) {
        times[i].begin_ms = begin_ms + static_cast<int64_t>(i - first) * spacing_ms;
      }
    }
    first = end;
  }
}

// Gives each cue at least `floor_ms` before the next, moving begins as little as possible.
void SeparateBegins(std::vector<CueTime>& times, int64_t duration_ms, int64_t floor_ms) {
  int64_t earliest_ms = 0;
  for (CueTime& time : times) {
    time.begin_ms = std::max(time.begin_ms, earliest_ms);
    earliest_ms = time.begin_ms + floor_ms;
  }
  int64_t latest_ms = duration_ms;
  for (auto time = times.rbegin(); time != times.rend(); ++time) {
    time->begin_ms = std::min(time->begin_ms, latest_ms - floor_ms);
    latest_ms = time->begin_ms;
  }
}

// `limit_ms`: where the next cue begins, or the recording ends. `room_ms`: the same less the gap.
int64_t EndOf(const CueTime& time, int64_t limit_ms, int64_t room_ms, int64_t floor_ms,
              const CueOptions& options) {
  const int64_t shortest_ms = time.begin_ms + floor_ms;
  const int64_t longest_ms = std::min(limit_ms, time.begin_ms + options.duration_max_ms);
  int64_t end_ms = std::min(std::max(time.end_ms, shortest_ms), longest_ms);
  const int64_t reading_ms = time.width * 1000 / options.reading_speed_max;
  const int64_t wish_ms = std::max(options.duration_min_ms, reading_ms);
  const int64_t stretched_ms = std::min({time.begin_ms + wish_ms, longest_ms, room_ms});
  end_ms = std::max(end_ms, stretched_ms);
  return std::min(end_ms, std::max(room_ms, shortest_ms));
}

}  // namespace

std::vector<CueTime> TimeCues(std::vector<CueTime> times, int64_t duration_ms,
                              const CueOptions& options) {
  if (times.empty()) return times;
  const auto count = static_cast<int64_t>(times.size());
  CHECK(count <= duration_ms);
  const int64_t floor_ms = std::min(kCueFloorMs, duration_ms / count);
  SpreadCrowds(times, duration_ms, std::max(options.duration_min_ms, kCueFloorMs));
  SeparateBegins(times, duration_ms, floor_ms);
  for (size_t i = 0; i < times.size(); ++i) {
    const bool is_last = i + 1 == times.size();
    const int64_t limit_ms = is_last ? duration_ms : times[i + 1].begin_ms;
    const int64_t room_ms = is_last ? duration_ms : limit_ms - options.gap_min_ms;
    times[i].end_ms = EndOf(times[i], limit_ms, room_ms, floor_ms, options);
  }
  return times;
}

}  // namespace verbatim::transcript
