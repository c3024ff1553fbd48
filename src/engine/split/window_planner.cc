#include "split/window_planner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace verbatim::split {
namespace {

using vad::SpeechSegment;

constexpr uint64_t kMebibyte = uint64_t{1} << 20;

// Shorter windows need less memory for the audio that waits and for the decoder's caches, and cost
// speed, since the encoder always looks at 30 s. So they are for machines that could not run
// otherwise.
struct MemoryStep {
  uint64_t free_below = 0;  // bytes
  SampleTime window_target{0};
};
constexpr MemoryStep kMemorySteps[] = {
    {120 * kMebibyte, SampleTime{10 * kSampleRate}},
    {200 * kMebibyte, SampleTime{15 * kSampleRate}},
    {300 * kMebibyte, SampleTime{20 * kSampleRate}},
};

// In media that fits into one window anyway, leaving out pauses saves nothing.
constexpr SampleTime kShortMediaGap{2 * kSampleRate};

// The lowest rate that speech is coded at in practice: 6 kbit/s, which bounds the length of a file
// of known size.
constexpr uint64_t kBytesPerSecondMin = 750;

float MeanOf(const SpeechSegment& one, const SpeechSegment& other) {
  const auto weight = static_cast<double>((one.end - one.begin).count());
  const auto other_weight = static_cast<double>((other.end - other.begin).count());
  const double sum = weight * static_cast<double>(one.probability_mean) +
                     other_weight * static_cast<double>(other.probability_mean);
  return static_cast<float>(sum / (weight + other_weight));
}

// One segment over both and the gap between them.
SpeechSegment Merged(const SpeechSegment& one, const SpeechSegment& other) {
  return {one.begin, other.end, MeanOf(one, other),
          std::max(one.probability_max, other.probability_max)};
}

bool FitsOneWindow(const MediaTraits& media, SampleTime window) {
  if (media.duration > SampleTime{0}) return media.duration <= window;
  const auto seconds = static_cast<uint64_t>(window / SampleTime{kSampleRate});
  return media.size_bytes > 0 && media.size_bytes <= seconds * kBytesPerSecondMin;
}

}  // namespace

SampleTime Window::length() const {
  SampleTime sum{0};
  for (const SpeechSegment& segment : segments) sum += segment.end - segment.begin;
  return sum;
}

SampleTime Window::ToFileTime(SampleTime in_window, bool is_end) const {
  CHECK(!segments.empty());
  SampleTime rest = std::max(in_window, SampleTime{0});
  for (const SpeechSegment& segment : segments) {
    const SampleTime length = segment.end - segment.begin;
    if (rest < length || (is_end && rest == length)) return segment.begin + rest;
    rest -= length;
  }
  return end();
}

SplitPlan PlanSplit(const MediaTraits& media, uint64_t memory_free_bytes) {
  SplitPlan plan;
  if (memory_free_bytes > 0) {
    for (const MemoryStep& step : kMemorySteps) {
      if (memory_free_bytes >= step.free_below) continue;
      plan.window_target = step.window_target;
      break;
    }
  }
  if (FitsOneWindow(media, plan.window_target)) plan.gap_keep = kShortMediaGap;
  return plan;
}

WindowPlanner::WindowPlanner(const SplitPlan& plan) : plan_(plan) {}

std::optional<Window> WindowPlanner::Push(const SpeechSegment& segment) {
  const SampleTime length = segment.end - segment.begin;
  CHECK(length > SampleTime{0});
  if (!open_.empty()) {
    const SampleTime gap = segment.begin - open_.back().end;
    CHECK(gap >= SampleTime{0});
    if (gap <= plan_.gap_keep && open_length_ + gap + length <= plan_.window_target) {
      open_.back() = Merged(open_.back(), segment);
      open_length_ += gap + length;
      return std::nullopt;
    }
    if (open_length_ + length <= plan_.window_target) {
      open_.push_back(segment);
      open_length_ += length;
      return std::nullopt;
    }
  }
  std::optional<Window> full = Finish();
  open_.push_back(segment);
  open_length_ = length;
  return full;
}

std::optional<Window> WindowPlanner::Finish() {
  if (open_.empty()) return std::nullopt;
  open_length_ = SampleTime{0};
  return Window{next_index_++, std::exchange(open_, {})};
}

std::optional<SampleTime> WindowPlanner::open_since() const {
  if (open_.empty()) return std::nullopt;
  return open_.front().begin;
}

std::optional<SampleTime> WindowPlanner::open_until() const {
  if (open_.empty()) return std::nullopt;
  return open_.back().end;
}

}  // namespace verbatim::split
