#include "pipeline/window_reader.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "media/audio_reader.h"
#include "pipeline/memory.h"
#include "split/audio_history.h"
#include "split/window_planner.h"
#include "vad/gain_control.h"

namespace verbatim::pipeline {
namespace {

using profile::Stage;
using profile::StageScope;

vad::SegmenterOptions SegmenterOptionsFor(const TranscribeOptions& options) {
  vad::SegmenterOptions segmenter;
  segmenter.threshold = options.vad_threshold;
  // The distance of 0.15 is Silero's own.
  segmenter.threshold_end = std::max(0.0F, options.vad_threshold - 0.15F);
  return segmenter;
}

// The joints audio -> speech -> windows of one file.
class Stream {
 public:
  Stream(vad::SpeechDetector& detector, const vad::SegmenterOptions& options,
         const split::SplitPlan& plan, profile::StageClock& clock)
      : detector_(detector),
        clock_(clock),
        segmenter_(options),
        planner_(plan),
        gap_keep_(plan.gap_keep) {
    detector_.Reset();
  }

  // Takes audio; returns the windows that are complete, with their audio.
  std::vector<WindowJob> Push(std::span<const float> samples) {
    history_.Append(samples);
    std::vector<WindowJob> ready;
    while (!samples.empty()) {
      const size_t count = std::min(samples.size(), vad::kVadBlock - filled_);
      std::copy_n(samples.begin(), count, block_.begin() + static_cast<ptrdiff_t>(filled_));
      filled_ += count;
      samples = samples.subspan(count);
      if (filled_ == vad::kVadBlock) PushBlock(ready);
    }
    return ready;
  }

  // Ends the stream; returns the windows still open.
  std::vector<WindowJob> Finish() {
    std::vector<WindowJob> ready;
    if (filled_ > 0) {
      std::fill(block_.begin() + static_cast<ptrdiff_t>(filled_), block_.end(), 0.0F);
      PushBlock(ready);
    }
    for (const vad::SpeechSegment& segment : segmenter_.Finish(history_.end()))
      Plan(segment, ready);
    if (std::optional<split::Window> last = planner_.Finish()) Complete(*std::move(last), ready);
    return ready;
  }

  SampleTime duration() const { return history_.end(); }
  int64_t windows() const { return windows_; }

 private:
  void PushBlock(std::vector<WindowJob>& ready) {
    filled_ = 0;
    for (const vad::SpeechSegment& segment : segmenter_.Push(Detect())) Plan(segment, ready);
    Forget();
  }

  float Detect() {
    const StageScope scope(clock_, Stage::kVad, {vad::kVadBlockOperations, 0});
    return detector_.Push(gain_.Apply(block_));
  }

  // Audio that no window will need: all that is settled, but for the open window's speech and a
  // pause that the plan may keep.
  void Forget() {
    const SampleTime settled = segmenter_.settled();
    const std::optional<SampleTime> open_since = planner_.open_since();
    history_.ForgetBefore(open_since ? std::min(*open_since, settled) : settled);
    if (open_since) history_.ForgetBetween(*planner_.open_until() + gap_keep_, settled);
  }

  void Plan(const vad::SpeechSegment& segment, std::vector<WindowJob>& ready) {
    if (std::optional<split::Window> window = planner_.Push(segment))
      Complete(*std::move(window), ready);
  }

  void Complete(split::Window window, std::vector<WindowJob>& ready) {
    WindowJob job;
    job.samples = history_.Cut(window);
    job.window = std::move(window);
    ready.push_back(std::move(job));
    ++windows_;
  }

  vad::SpeechDetector& detector_;
  profile::StageClock& clock_;
  vad::GainControl gain_;
  vad::Segmenter segmenter_;
  split::WindowPlanner planner_;
  SampleTime gap_keep_;
  split::AudioHistory history_;
  std::array<float, vad::kVadBlock> block_{};
  size_t filled_ = 0;
  int64_t windows_ = 0;
};

}  // namespace

WindowReader::WindowReader(WindowQueue& queue, Collector& collector,
                           const TranscribeOptions& options, profile::StageClock& clock)
    : queue_(queue),
      collector_(collector),
      clock_(clock),
      segmenter_options_(SegmenterOptionsFor(options)),
      detector_(vad::BuiltInSilero()) {}

void WindowReader::Read(FileTrack& track, const FileRequest& request, const std::stop_token& stop) {
  Result<FileSummary> summary = ReadAll(track, request, stop);
  if (summary) {
    collector_.Read(track, *std::move(summary));
  } else if (!stop.stop_requested()) {
    collector_.Failed(track, std::move(summary).error());
  }
}

Result<FileSummary> WindowReader::ReadAll(FileTrack& track, const FileRequest& request,
                                          const std::stop_token& stop) {
  StageScope scope(clock_, Stage::kMedia);
  const std::unique_ptr<media::AudioReader> audio =
      TRY(media::AudioReader::Open(request.path, {request.audio_track}));
  const media::MediaInfo& info = audio->info();
  const split::SplitPlan plan =
      split::PlanSplit({info.duration_estimate, info.size_bytes}, FreeMemoryBytes());
  vad::SegmenterOptions segmenter = segmenter_options_;
  segmenter.length_max = plan.window_target;
  Stream stream(detector_, segmenter, plan, clock_);
  const auto hand_over = [&](std::vector<WindowJob> jobs) {
    for (WindowJob& job : jobs) {
      job.file = &track;
      const StageScope waiting(clock_, Stage::kWorkerWait);
      if (!queue_.Push(std::move(job), stop)) return false;
    }
    return true;
  };
  while (true) {
    scope.Next(Stage::kMedia);
    const std::optional<media::PcmBlock> block = TRY(audio->Next(stop));
    scope.Next(Stage::kWindows);
    if (!block) break;
    if (!hand_over(stream.Push(block->samples))) break;
    collector_.Reading(track, info.duration_estimate, audio->progress());
  }
  hand_over(stream.Finish());
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while reading");
  return FileSummary{stream.duration(), stream.windows(), audio->damages()};
}

}  // namespace verbatim::pipeline
