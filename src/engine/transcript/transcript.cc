#include "transcript/transcript.h"

#include <algorithm>
#include <queue>

#include "transcript/impl/text.h"

namespace verbatim::transcript {
namespace {

int Weight(CoverageKind kind) {
  switch (kind) {
    case CoverageKind::kNoSpeech: return 0;
    case CoverageKind::kTranscribed: return 1;
    case CoverageKind::kUncertain: return 2;
    case CoverageKind::kFailed: return 3;
  }
  return 0;
}

// What remains of the spans within [0, duration], by begin.
std::vector<CoverageSpan> Clip(std::vector<CoverageSpan> spans, SampleTime duration) {
  for (CoverageSpan& span : spans) {
    span.begin = std::clamp(span.begin, SampleTime{0}, duration);
    span.end = std::clamp(span.end, SampleTime{0}, duration);
    if (span.kind == CoverageKind::kTranscribed) span.reason.clear();
    if (span.kind == CoverageKind::kNoSpeech && span.reason.empty()) span.reason = kNoSpeechReason;
  }
  std::erase_if(spans, [](const CoverageSpan& span) { return span.begin >= span.end; });
  std::ranges::stable_sort(spans, {}, &CoverageSpan::begin);
  return spans;
}

std::vector<SampleTime> Borders(const std::vector<CoverageSpan>& spans, SampleTime duration) {
  std::vector<SampleTime> borders = {SampleTime{0}, duration};
  for (const CoverageSpan& span : spans) {
    borders.push_back(span.begin);
    borders.push_back(span.end);
  }
  std::ranges::sort(borders);
  const auto repeated = std::ranges::unique(borders);
  borders.erase(repeated.begin(), repeated.end());
  return borders;
}

void AppendOrExtend(std::vector<CoverageSpan>& spans, CoverageSpan span) {
  if (!spans.empty() && spans.back().kind == span.kind && spans.back().reason == span.reason) {
    spans.back().end = span.end;
  } else {
    spans.push_back(std::move(span));
  }
}

}  // namespace

std::string_view CoverageKindName(CoverageKind kind) {
  switch (kind) {
    case CoverageKind::kTranscribed: return "transcribed";
    case CoverageKind::kNoSpeech: return "no_speech";
    case CoverageKind::kUncertain: return "uncertain";
    case CoverageKind::kFailed: return "failed";
  }
  return "failed";
}

std::string PlainText(const Transcript& transcript) {
  std::string text;
  for (const Segment& segment : transcript.segments) text += ToValidUtf8(segment.text);
  const std::vector<Cluster> clusters = SplitClusters(text);
  const auto is_visible = [](const Cluster& cluster) { return !cluster.is_space; };
  const auto first = std::ranges::find_if(clusters, is_visible);
  if (first == clusters.end()) return {};
  const auto last = std::find_if(clusters.rbegin(), clusters.rend(), is_visible);
  return text.substr(first->begin, last->end - first->begin);
}

std::vector<CoverageSpan> CompleteCoverage(std::vector<CoverageSpan> spans, SampleTime duration) {
  if (duration <= SampleTime{0}) return {};
  spans = Clip(std::move(spans), duration);
  const std::vector<SampleTime> borders = Borders(spans, duration);
  // The heaviest span on top; of equals the one that began first.
  const auto is_lighter = [&spans](size_t left, size_t right) {
    const int left_weight = Weight(spans[left].kind);
    const int right_weight = Weight(spans[right].kind);
    return left_weight != right_weight ? left_weight < right_weight : left > right;
  };
  std::priority_queue<size_t, std::vector<size_t>, decltype(is_lighter)> active(is_lighter);
  std::vector<CoverageSpan> result;
  size_t next = 0;
  for (size_t i = 0; i + 1 < borders.size(); ++i) {
    while (next < spans.size() && spans[next].begin <= borders[i]) active.push(next++);
    while (!active.empty() && spans[active.top()].end <= borders[i]) active.pop();
    const CoverageKind kind = active.empty() ? CoverageKind::kNoSpeech : spans[active.top()].kind;
    const std::string reason =
        active.empty() ? std::string(kNoSpeechReason) : spans[active.top()].reason;
    AppendOrExtend(result, {borders[i], borders[i + 1], kind, reason});
  }
  return result;
}

}  // namespace verbatim::transcript
