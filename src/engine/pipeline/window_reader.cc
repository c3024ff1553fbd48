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

// What an earlier run found in a window. A result for other audio is none.
const WindowResult* FindFinished(const FileRequest& request, const split::Window& window) {
  const auto same_times = [](const vad::SpeechSegment& one, const vad::SpeechSegment& other) {
    return one.begin == other.begin && one.end == other.end;
  };
  for (const WindowResult& result : request.finished) {
    if (result.window.index == window.index &&
        std::ranges::equal(result.window.segments, window.segments, same_times)) {
      return &result;
    }
  }
  return nullptr;
}

}  // namespace

WindowReader::WindowReader(WindowQueue::Place& place, std::shared_ptr<Call> call,
                           const TranscribeOptions& options, profile::StageClock& clock,
                           sandbox::Launcher* sandbox)
    : place_(place),
      call_(std::move(call)),
      clock_(clock),
      sandbox_(sandbox),
      segmenter_options_(SegmenterOptionsFor(options)),
      detector_(vad::BuiltInSilero()) {}

void WindowReader::Read(FileTrack& track, const FileRequest& request) {
  Result<FileSummary> summary = ReadAll(track, request);
  if (summary) {
    call_->collector.Read(track, *std::move(summary));
  } else if (!call_->stop.stop_requested()) {
    call_->collector.Failed(track, std::move(summary).error());
  }
}

Result<FileSummary> WindowReader::ReadAll(FileTrack& track, const FileRequest& request) {
  StageScope scope(clock_, Stage::kMedia);
  const std::unique_ptr<media::AudioReader> audio = TRY(Open(request));
  const media::MediaInfo& info = audio->info();
  const uint64_t memory_free = request.memory_free > 0 ? request.memory_free : FreeMemoryBytes();
  const split::SplitPlan plan =
      request.plan ? *request.plan
                   : split::PlanSplit({info.duration_estimate, info.size_bytes}, memory_free);
  call_->collector.Planned(track, plan);
  vad::SegmenterOptions segmenter = segmenter_options_;
  segmenter.length_max = plan.window_target;
  Stream stream(detector_, segmenter, plan, clock_);
  while (true) {
    scope.Next(Stage::kMedia);
    const std::optional<media::PcmBlock> block = TRY(audio->Next(call_->stop));
    scope.Next(Stage::kWindows);
    if (!block) break;
    if (!HandOver(track, request, stream.Push(block->samples))) break;
    call_->collector.Reading(track, info.duration_estimate, audio->progress());
  }
  HandOver(track, request, stream.Finish());
  if (call_->stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while reading");
  return FileSummary{stream.duration(), stream.windows(), audio->damages()};
}

Result<std::unique_ptr<media::AudioReader>> WindowReader::Open(const FileRequest& request) const {
  const media::AudioReaderOptions options{.track = request.audio_track, .sandbox = sandbox_};
  if (!request.source) return media::AudioReader::Open(request.path, options, call_->stop);
  return media::AudioReader::Open(request.source, request.path.string(), options, call_->stop);
}

// False: stopped, or no worker is to be had.
bool WindowReader::HandOver(FileTrack& track, const FileRequest& request,
                            std::vector<WindowJob> jobs) {
  for (WindowJob& job : jobs) {
    if (const WindowResult* finished = FindFinished(request, job.window)) {
      track.language().Remember(job.window.index, finished->language_guesses);
      call_->collector.Resume(track, *finished);
      continue;
    }
    job.call = call_;
    job.file = &track;
    const StageScope waiting(clock_, Stage::kWorkerWait);
    if (!place_.Push(std::move(job), call_->stop)) return false;
  }
  return true;
}

}  // namespace verbatim::pipeline
