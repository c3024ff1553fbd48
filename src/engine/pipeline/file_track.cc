#include "pipeline/file_track.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace verbatim::pipeline {
namespace {

using transcript::CoverageKind;
using transcript::CoverageSpan;
using transcript::Segment;

// Windows were cut apart in silence or at a joint, so only rounding can make neighbours overlap.
void KeepInOrder(std::vector<Segment>& segments, SampleTime duration) {
  SampleTime earliest{0};
  for (Segment& segment : segments) {
    for (transcript::Word& word : segment.words) {
      word.begin = std::min(std::max(word.begin, earliest), duration);
      word.end = std::min(std::max(word.end, word.begin), duration);
      earliest = word.end;
    }
    segment.begin = std::clamp(segment.begin, SampleTime{0}, segment.words.front().begin);
    segment.end = std::clamp(segment.end, segment.words.back().end, duration);
  }
  for (size_t i = 1; i < segments.size(); ++i) {
    segments[i].begin = std::max(segments[i].begin, segments[i - 1].words.back().end);
    segments[i - 1].end = std::min(segments[i - 1].end, segments[i].begin);
  }
}

}  // namespace

std::vector<Segment> FileTrack::Deliver(WindowResult result) {
  const int64_t window = result.window.index;
  early_.emplace(window, std::move(result));
  std::vector<Segment> fresh;
  for (auto next = early_.find(next_window_); next != early_.end();
       next = early_.find(next_window_)) {
    WindowResult& ready = next->second;
    position_ = std::max(position_, ready.window.end());
    std::ranges::move(ready.coverage, std::back_inserter(coverage_));
    auto& [windows, probability] = languages_[ready.language];
    ++windows;
    probability += ready.language_probability;
    std::ranges::move(ready.segments, std::back_inserter(fresh));
    early_.erase(next);
    ++next_window_;
  }
  segments_.insert(segments_.end(), fresh.begin(), fresh.end());
  return fresh;
}

bool FileTrack::is_whole() const {
  return error_.has_value() || (summary_.has_value() && next_window_ == summary_->windows);
}

std::optional<SampleTime> FileTrack::duration() const {
  if (!summary_) return std::nullopt;
  return summary_->duration;
}

transcript::Transcript FileTrack::Assemble() {
  CHECK(is_whole() && !error_);
  transcript::Transcript whole;
  whole.source = source_;
  whole.duration = summary_->duration;
  whole.segments = std::move(segments_);
  KeepInOrder(whole.segments, whole.duration);
  for (const media::AudioReader::Damage& damage : summary_->damages) {
    coverage_.push_back({damage.begin, damage.end, CoverageKind::kFailed, damage.reason});
    whole.duration = std::max(whole.duration, damage.end);
  }
  if (!summary_->damages.empty()) {
    const size_t count = summary_->damages.size();
    whole.warnings.push_back(
        fmt::format("{} of the audio could not be read: {}",
                    count == 1 ? "a stretch" : fmt::format("{} stretches", count),
                    summary_->damages.front().reason));
  }
  whole.coverage = transcript::CompleteCoverage(std::move(coverage_), whole.duration);
  const auto uncertain =
      std::ranges::count(whole.coverage, CoverageKind::kUncertain, &CoverageSpan::kind);
  if (uncertain > 0) {
    whole.warnings.push_back(
        fmt::format("{} of the audio gave text that may be wrong: see its coverage",
                    uncertain == 1 ? "a stretch" : fmt::format("{} stretches", uncertain)));
  }
  const auto most = std::ranges::max_element(languages_, {},
                                             [](const auto& entry) { return entry.second.first; });
  if (most != languages_.end()) {
    whole.language = most->first;
    whole.language_probability = most->second.second / static_cast<float>(most->second.first);
  }
  return whole;
}

}  // namespace verbatim::pipeline
