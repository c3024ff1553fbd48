// An engine for tests that says what it is told to, for as long as the test lets it.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "pipeline/transcribe.h"
#include "transcript/transcript.h"

namespace verbatim::api {

// What the engine does; the test changes it while it works.
class Script {
 public:
  void Hold() { Set(is_held_, true); }
  void Release() { Set(is_held_, false); }
  void FailWith(Error error) {
    const MutexLock lock(mutex_);
    error_ = std::move(error);
  }

  // Waits while held. Errors: what it was told to fail with; kCancelled.
  Result<void> Pass(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this]() NO_THREAD_SAFETY_ANALYSIS { return !is_held_; });
    if (stop.stop_requested()) return verbatim::Fail(ErrorCode::kCancelled, "stopped");
    return Verdict();
  }

 private:
  Result<void> Verdict() NO_THREAD_SAFETY_ANALYSIS {
    if (error_) return Failure(*error_);
    return {};
  }
  void Set(bool& value, bool to) {
    {
      const MutexLock lock(mutex_);
      value = to;
    }
    changed_.notify_all();
  }

  Mutex mutex_;
  ConditionVariable changed_;
  bool is_held_ GUARDED_BY(mutex_) = false;
  std::optional<Error> error_ GUARDED_BY(mutex_);
};

inline constexpr std::string_view kSpokenText = "Hello world. How are you?";

inline transcript::Segment SpokenSegment(std::vector<std::string> words, int64_t begin_s) {
  transcript::Segment segment;
  segment.begin = SampleTime{begin_s * kSampleRate};
  SampleTime at = segment.begin;
  for (std::string& text : words) {
    segment.text += text;
    segment.words.push_back({std::move(text), at, at + SampleTime{8000}, 0.5F});
    at += SampleTime{8000};
  }
  segment.end = at;
  segment.tokens = {50364, 2425};
  segment.avg_logprob = -0.25F;
  segment.compression_ratio = 1.5F;
  segment.no_speech_prob = 0.125F;
  return segment;
}

inline transcript::Transcript SpokenTranscript() {
  transcript::Transcript transcript;
  transcript.source = "talk.wav";
  transcript.language = "en";
  transcript.model = "base";
  transcript.duration = SampleTime{5 * kSampleRate / 2};
  transcript.segments = {SpokenSegment({" Hello", " world."}, 0),
                         SpokenSegment({" How", " are", " you?"}, 1)};
  transcript.coverage = transcript::CompleteCoverage(
      {{SampleTime{0}, transcript.duration, transcript::CoverageKind::kTranscribed, ""}},
      transcript.duration);
  return transcript;
}

// Says SpokenTranscript, as one window.
class ScriptedEngine final : public pipeline::Engine {
 public:
  explicit ScriptedEngine(Script& script) : script_(script) {}

  Shape shape() const override { return {}; }
  bool is_multilingual() const override { return true; }
  profile::StageMeter::Totals stage_totals() const override { return {}; }

  Result<void> Transcribe(std::span<const pipeline::FileRequest> files,
                          const pipeline::TranscribeOptions& options,
                          const pipeline::TranscribeEvents& events, std::stop_token stop) override {
    if (Result<void> passed = script_.Pass(stop); !passed) {
      if (passed.error().code == ErrorCode::kCancelled) return passed;
      events.on_file(0, Failure(passed.error()));
      return {};
    }
    transcript::Transcript transcript = SpokenTranscript();
    transcript.source = files[0].path;
    if (options.task == pipeline::Task::kTranslate) transcript.task = "translate";
    pipeline::WindowResult window;
    window.window.segments = {{SampleTime{0}, transcript.duration}};
    window.segments = transcript.segments;
    window.language = "en";
    window.coverage = transcript.coverage;
    if (events.on_plan) events.on_plan(0, {});
    if (events.on_window) events.on_window(0, window);
    events.on_file(0, std::move(transcript));
    return {};
  }

 private:
  Script& script_;
};

}  // namespace verbatim::api
