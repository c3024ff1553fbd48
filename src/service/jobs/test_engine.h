// An engine for tests that hears what a file's bytes say: every 16 bytes are a window of 10 s whose
// text is made of them. Tells plan, windows and progress as the real one does, goes on from
// finished windows, obeys `stop`, and lets a test step in before each window.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "jobs/engine_cache.h"
#include "pipeline/transcribe.h"

namespace verbatim::jobs {

inline constexpr size_t kFakeWindowBytes = 16;
inline constexpr SampleTime kFakeWindowLength{10 * kSampleRate};

// What a test says and learns; shared by all engines of a test.
struct FakeScript {
  // Called before each window that is computed, with the name of its file; may wait.
  std::function<void(const std::string& file, int64_t window, const std::stop_token&)> on_window;
  // Called at the start of each call.
  std::function<void(const pipeline::FileRequest&, const pipeline::TranscribeOptions&)> on_call;
  std::function<Result<void>(const std::string& model)> on_open;
  bool is_backwards = false;                // windows come in reverse order
  profile::StageMeter::Totals stages = {};  // of each engine
  ModelCost cost;                           // of each engine

  Mutex mutex;
  std::map<std::string, int> computed GUARDED_BY(mutex);  // "file window" -> how often
  std::atomic<int> calls = 0;
  std::atomic<int> opened = 0;
  std::atomic<int> alive = 0;  // engines
};

// Bytes: "GAP" in a window makes it uncertain; "FAIL" at the beginning is a file that can't be
// read.
class FakeEngine final : public pipeline::Engine {
 public:
  // As opened, it has 2 workers of 4 windows.
  explicit FakeEngine(std::shared_ptr<FakeScript> script) : script_(std::move(script)) {
    ++script_->alive;
  }
  ~FakeEngine() override { --script_->alive; }

  Shape shape() const override { return {.workers = workers_, .threads = 1, .batch = batch_}; }
  void Resize(int workers, int batch) override {
    workers_ = workers;
    batch_ = batch;
  }
  uint64_t PredictBytes(int workers, int batch) const override {
    return script_->cost.Bytes(workers, batch);
  }
  bool is_multilingual() const override { return true; }
  profile::StageMeter::Totals stage_totals() const override { return script_->stages; }

  Result<void> Transcribe(std::span<const pipeline::FileRequest> files,
                          const pipeline::TranscribeOptions& options,
                          const pipeline::TranscribeEvents& events, std::stop_token stop) override {
    ++script_->calls;
    if (script_->on_call) script_->on_call(files[0], options);
    Result<transcript::Transcript> result = Hear(files[0], options, events, stop);
    if (!result && result.error().code == ErrorCode::kCancelled) return Failure(result.error());
    events.on_file(0, std::move(result));
    return {};
  }

 private:
  static pipeline::WindowResult Window(int64_t index, const std::string& bytes,
                                       const std::string& language) {
    pipeline::WindowResult result;
    const SampleTime begin = index * kFakeWindowLength;
    const SampleTime end = begin + kFakeWindowLength;
    result.window.index = index;
    result.window.segments = {{.begin = begin, .end = end}};
    const bool has_gap = bytes.find("GAP") != std::string::npos;
    result.coverage = {
        {begin, end,
         has_gap ? transcript::CoverageKind::kFailed : transcript::CoverageKind::kTranscribed,
         has_gap ? "said so" : ""}};
    transcript::Segment segment;
    segment.begin = begin;
    segment.end = end;
    segment.text = fmt::format(" {}.", bytes);
    segment.words = {{segment.text, begin, end, .75F}};
    segment.window = index;
    result.segments = {segment};
    result.language = language == "auto" ? "en" : language;
    return result;
  }

  // Bytes of one window; short or empty at the end.
  static Result<std::string> Read(ByteSource& source, int64_t index, const std::stop_token& stop) {
    std::string bytes(kFakeWindowBytes, '\0');
    size_t done = 0;
    while (done < bytes.size()) {
      const uint64_t offset = static_cast<uint64_t>(index) * kFakeWindowBytes + done;
      const size_t got = TRY(source.ReadAt(offset, std::span(bytes).subspan(done), stop));
      if (got == 0) break;
      done += got;
    }
    bytes.resize(done);
    return bytes;
  }

  Result<void> Compute(const pipeline::FileRequest& file, const pipeline::WindowResult& result,
                       const pipeline::TranscribeEvents& events, const std::stop_token& stop) {
    const int64_t index = result.window.index;
    if (script_->on_window) script_->on_window(file.path, index, stop);
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    {
      MutexLock lock(script_->mutex);
      ++script_->computed[fmt::format("{} {}", file.path.string(), index)];
    }
    events.on_window(0, result);
    return {};
  }

  Result<transcript::Transcript> Hear(const pipeline::FileRequest& file,
                                      const pipeline::TranscribeOptions& options,
                                      const pipeline::TranscribeEvents& events,
                                      const std::stop_token& stop) {
    events.on_plan(0, file.plan.value_or(split::SplitPlan{}));
    std::map<int64_t, pipeline::WindowResult> windows;
    for (const pipeline::WindowResult& done : file.finished) windows[done.window.index] = done;
    std::vector<pipeline::WindowResult> held;
    for (int64_t index = 0;; ++index) {
      const Result<std::string> read = Read(*file.source, index, stop);
      if (!read) return Failure(read.error());
      const std::string& bytes = *read;
      if (index == 0 && bytes.starts_with("FAIL")) {
        return Fail(ErrorCode::kUnsupportedMedia, "nothing here that can be transcribed");
      }
      if (bytes.empty()) break;
      if (windows.contains(index)) continue;
      windows[index] = Window(index, bytes, options.language);
      if (script_->is_backwards) {
        held.push_back(windows[index]);
        continue;
      }
      TRY_VOID(Compute(file, windows[index], events, stop));
      const uint64_t size = file.source->size().value_or(0);
      const double share =
          size == 0 ? 0
                    : static_cast<double>(index + 1) * kFakeWindowBytes / static_cast<double>(size);
      const auto count = static_cast<int64_t>((size + kFakeWindowBytes - 1) / kFakeWindowBytes);
      events.on_progress({0, windows[index].window.end(), count * kFakeWindowLength, share});
    }
    for (auto window = held.rbegin(); window != held.rend(); ++window) {
      TRY_VOID(Compute(file, *window, events, stop));
    }
    transcript::Transcript whole;
    whole.source = file.path;
    whole.model = "fake";
    whole.duration = static_cast<int64_t>(windows.size()) * kFakeWindowLength;
    whole.language = "en";
    for (const auto& [index, window] : windows) {
      whole.segments.push_back(window.segments[0]);
      whole.coverage.push_back(window.coverage[0]);
      whole.language = window.language;
    }
    whole.coverage = transcript::CompleteCoverage(whole.coverage, whole.duration);
    return whole;
  }

  const std::shared_ptr<FakeScript> script_;
  std::atomic<int> workers_ = 2;
  std::atomic<int> batch_ = 4;
};

}  // namespace verbatim::jobs
