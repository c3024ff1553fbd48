// The whole path in one call: files in, transcripts out. Audio streams through reader, speech
// detection and planning into windows; windows of all files are encoded and decoded together by the
// workers; transcripts come out in the order of the files as soon as each is whole. Several calls
// share the workers. The text depends on the files and the options, never on workers, threads,
// batch or what else is computed at the time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "base/sample_time.h"
#include "pipeline/window_result.h"
#include "profile/stage_meter.h"
#include "split/window_planner.h"
#include "transcript/transcript.h"

namespace verbatim::sandbox {
class Launcher;
}

namespace verbatim::pipeline {

enum class ComputeType { kAuto, kInt8, kBf16, kF32 };
enum class Task { kTranscribe, kTranslate };

// Where the times of segments come from. Alignment: text without timestamp tokens, times by
// cross-attention (better text, times per word). Tokens: Whisper's own timestamp tokens, words by
// alignment within them.
enum class SegmentTimes { kAlignment, kTokens };

// How the keys and values of the audio are kept: as half floats or as 8-bit integers.
enum class AudioType { kHalf, kInt8 };

// The numbers that each part of the model computes with.
struct PartFormats {
  ComputeType encoder = ComputeType::kF32;    // its layers, with the audio's keys and values
  ComputeType attention = ComputeType::kF32;  // the encoder's: kBf16 or kF32
  ComputeType decoder = ComputeType::kF32;    // its layers, with the vocabulary
  AudioType audio = AudioType::kHalf;

  friend bool operator==(const PartFormats&, const PartFormats&) = default;
};

// What a compute type means for each part. kAuto: the rule, for machines that nobody measured.
PartFormats FormatsOf(ComputeType type);

// What measuring found to be the fastest on a machine (pipeline/bench.h).
struct Calibration {
  PartFormats formats;
  int workers = 1;
  int threads = 1;
  int batch = 1;

  friend bool operator==(const Calibration&, const Calibration&) = default;
};

// Where a choice came from.
enum class Origin { kRule, kCalibration, kOptions };

struct EngineOptions {
  std::filesystem::path model_directory;  // a CTranslate2 Whisper directory
  std::string model_name;                 // for the transcript; empty: the directory's name
  ComputeType compute_type = ComputeType::kAuto;
  int workers = 0;  // 0: chosen for this machine
  int threads = 0;  // per worker; 0: chosen
  int batch = 0;    // windows per worker; 0: chosen
  // Taken for what is left open above, as far as the CPU and the memory free now allow it.
  std::optional<Calibration> calibration;
  // Starts the processes in which files are read. Null: they are read in this one.
  std::shared_ptr<sandbox::Launcher> sandbox;
};

struct TranscribeOptions {
  std::string language = "auto";  // code, or "auto"
  Task task = Task::kTranscribe;
  std::string initial_prompt;
  std::string hotwords;
  int beam_size = 1;
  // Greedy text that the model is unsure of is looked for again with this many beams; 1: it is not.
  int unsure_beam_size = 5;
  int best_of = 5;  // samples per retry with temperature
  std::vector<float> temperatures = {0.0F, 0.2F, 0.4F, 0.6F, 0.8F, 1.0F};
  float compression_ratio_max = 2.4F;
  float logprob_min = -1.0F;
  float no_speech_max = 0.6F;
  SegmentTimes segment_times = SegmentTimes::kAlignment;
  float vad_threshold = 0.5F;  // 0: take all audio as speech
  int priority = 0;            // windows of a call with a higher one are computed first
};

struct FileRequest {
  std::filesystem::path path;
  std::optional<int> audio_track = std::nullopt;
  std::shared_ptr<ByteSource> source = nullptr;  // if set, what is read; `path` is its name

  // To go on where an earlier run with the same file, model and options ended: how it split the
  // audio, and the windows it finished, which are taken as they are. None: chosen now.
  std::optional<split::SplitPlan> plan = std::nullopt;
  std::vector<WindowResult> finished = {};
  uint64_t memory_free = 0;  // bytes that a plan is fitted to; 0: what the system says
};

// Sent a few times a second per file, and once at its end.
struct Progress {
  size_t file = 0;         // index into the request
  SampleTime position{0};  // audio that is finished: all windows before it are decoded
  SampleTime duration{0};  // 0 = unknown; exact once the file has been read
  double share = 0;        // 0..1
};

// Called from the caller's thread and from worker threads, one event of a call at a time. A worker
// that is kept waiting does nothing for other calls either. All may be empty.
struct TranscribeEvents {
  std::function<void(const Progress&)> on_progress;
  std::function<void(size_t file, const transcript::Segment&)>
      on_segment;  // in order within a file
  // How a file is split, once it is open. With the windows told after it a later run can go on.
  std::function<void(size_t file, const split::SplitPlan&)> on_plan;
  // Each window computed by this run, as soon as it is, in any order; before its segments.
  std::function<void(size_t file, const WindowResult&)> on_window;
  std::function<void(size_t file, Result<transcript::Transcript>)>
      on_file;  // once per file, in order of files
  // What happened to the run that changes no text, as a sentence.
  std::function<void(const std::string& message)> on_warning;
};

// A loaded model. Costly to make, cheap to use. The workers and their buffers are there while at
// least one call is; an idle engine holds the weights alone.
class Engine {
 public:
  // Errors: kNotFound, kCorruptModel (with what is wrong), kInvalidArgument (options out of range).
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options);
  virtual ~Engine() = default;

  // What was chosen where the options left it open, or by Resize.
  struct Shape {
    int workers = 0;
    int threads = 0;
    int batch = 0;
    ComputeType compute_type = ComputeType::kF32;  // kAuto: that of no single type
    PartFormats formats = {};
    Origin formats_from = Origin::kRule;
    Origin workers_from = Origin::kRule;
    Origin threads_from = Origin::kRule;
    Origin batch_from = Origin::kRule;
  };
  virtual Shape shape() const = 0;
  virtual bool is_multilingual() const = 0;

  // Where the time of all runs so far went. Thread: any, also during a run.
  virtual profile::StageMeter::Totals stage_totals() const = 0;

  // From now on there are so many workers with batches of so many windows, each of 1 to 64; what is
  // beyond is taken as the nearest. Calls that run go on: workers too many end with the windows
  // they have and free their memory, further ones start at once, and other batches begin when a
  // worker has no window. No text changes. Threads of a worker follow where the options leave them
  // open: all CPUs are shared out. Does nothing where there are no workers, as in a test's double.
  // Thread: any, but not from within an event.
  virtual void Resize(int workers, int batch);

  // What the process would hold at most with so many workers and such batches, all of them busy, as
  // far as the engine is the reason: weights and workers. An estimate. Unit: bytes, 0 = unknown.
  virtual uint64_t PredictBytes(int workers, int batch) const;

  // Workers that have a window now. Thread: any.
  virtual int busy_workers() const { return 0; }

  // Transcribes files. A file that fails is reported through on_file and does not stop the others.
  // Errors: kInvalidArgument for options the model cannot do (checked first); kBusy if there is no
  // memory for any worker; kCancelled after `stop`, within a second; then no event comes any more.
  // Thread: any; calls at the same time
  // share the workers and their batches: of equal priority, the one with the fewest windows in work
  // has the next turn, of several the one that has waited longest.
  virtual Result<void> Transcribe(std::span<const FileRequest> files,
                                  const TranscribeOptions& options, const TranscribeEvents& events,
                                  std::stop_token stop) = 0;
};

}  // namespace verbatim::pipeline
