#include "transcribe_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "calibration_file.h"
#include "model_command.h"
#include "outputs.h"
#include "report.h"
#include "sample_clip.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Everything, or an error: a full disk shows here, not at the program's end.
Result<void> WriteStandardOutput(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failure(SystemError(errno, "writing standard output"));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

size_t CountWords(const transcript::Transcript& transcript) {
  size_t count = 0;
  for (const transcript::Segment& segment : transcript.segments) count += segment.words.size();
  return count;
}

// One call of the command, from checks to the last result.
class Run {
 public:
  Run(const TranscribeArguments& arguments, const MediaSandbox& sandbox, Reporter& reporter,
      const std::stop_token& stop)
      : arguments_(arguments), sandbox_(sandbox), reporter_(reporter), stop_(stop) {}

  ExitCode Execute() {
    started_ = last_done_ = Clock::now();
    if (Result<void> prepared = Prepare(); !prepared) {
      reporter_.OnError(prepared.error());
      return End(ExitCodeOf(prepared.error().code, Stage::kArguments));
    }
    if (accepted_.empty()) return End(worst_);
    if (Result<void> opened = OpenEngine(); !opened) {
      reporter_.OnError(opened.error());
      return End(ExitCodeOf(opened.error().code, Stage::kModel));
    }
    if (Result<void> done = RunEngine(); !done) {
      reporter_.OnError(done.error());
      return End(ExitCodeOf(done.error().code, Stage::kFile));
    }
    return End(worst_);
  }

 private:
  // What is wrong with one file is reported and does not stop the others.
  Result<void> Prepare() {
    TRY_VOID(transcript::ValidateCueOptions(arguments_.cues));
    outputs_ = TRY(PlanOutputs(arguments_.files,
                               {arguments_.formats, arguments_.output, arguments_.output_dir}));
    const bool has_common_folder = !arguments_.output_dir.empty() || !arguments_.output.empty();
    bool is_prepared = false;
    for (size_t i = 0; i < arguments_.files.size(); ++i) {
      if (Result<void> checked = CheckInput(arguments_.files[i]); !checked) {
        Fail(i, checked.error());
        continue;
      }
      if (has_common_folder && std::exchange(is_prepared, true)) {
        accepted_.push_back(i);
        continue;
      }
      Result<void> prepared = PrepareOutputs(outputs_[i]);
      if (!prepared && has_common_folder) return prepared;
      if (prepared) {
        accepted_.push_back(i);
      } else {
        Fail(i, prepared.error());
      }
    }
    return {};
  }

  static Result<void> PrepareOutputs(const std::vector<Output>& outputs) {
    const fs::path& path = outputs.front().path;
    if (path.empty()) return {};
    return PrepareFolder(path.has_parent_path() ? path.parent_path() : fs::path("."));
  }

  Result<void> OpenEngine() {
    pipeline::EngineOptions options = arguments_.engine;
    options.model_directory = TRY(EnsureModel(arguments_.model, reporter_, stop_));
    if (models::FindInCatalog(arguments_.model) != nullptr) options.model_name = arguments_.model;
    options.sandbox = TRY(sandbox_.LauncherFor(arguments_.sandbox));
    options.calibration =
        ChosenIn(StoredCalibration(arguments_.calibration, options.model_directory, reporter_));
    reporter_.OnLoading(arguments_.model);
    engine_ = TRY(pipeline::Engine::Open(options));
    TRY_VOID(sandbox_.Check(  // was tried meanwhile
        arguments_.sandbox, [this](const std::string& message) { reporter_.OnWarning(message); }));
    if (stop_.stop_requested()) return verbatim::Fail(ErrorCode::kCancelled, "stopped");
    return {};
  }

  Result<void> RunEngine() {
    std::vector<pipeline::FileRequest> requests;
    RunStart start{arguments_.model, engine_->shape(), {}};
    for (const fs::path& file : arguments_.files) start.files.push_back(file.string());
    for (const size_t i : accepted_) {
      requests.push_back({arguments_.files[i], arguments_.audio_track});
    }
    reporter_.OnStart(start);
    last_done_ = Clock::now();
    pipeline::TranscribeEvents events;
    events.on_progress = [this](pipeline::Progress progress) {
      progress.file = accepted_.at(progress.file);
      reporter_.OnProgress(progress);
    };
    events.on_segment = [this](size_t file, const transcript::Segment& segment) {
      reporter_.OnSegment(accepted_.at(file), segment);
    };
    events.on_file = [this](size_t file, Result<transcript::Transcript> result) {
      OnFile(accepted_.at(file), std::move(result));
    };
    events.on_warning = [this](const std::string& message) { reporter_.OnWarning(message); };
    return engine_->Transcribe(requests, arguments_.options, events, stop_);
  }

  void OnFile(size_t file, Result<transcript::Transcript> result) {
    if (!result && result.error().code == ErrorCode::kCancelled) return;
    if (!result) return Fail(file, result.error());
    if (Result<void> written = WriteOutputs(file, *result); !written) {
      return Fail(file, written.error());
    }
    const Clock::time_point now = Clock::now();
    FileDone done{.file = file,
                  .path = arguments_.files[file].string(),
                  .duration_seconds = ToSeconds(result->duration),
                  .elapsed_seconds = std::chrono::duration<double>(now - last_done_).count(),
                  .word_count = CountWords(*result),
                  .language = result->language,
                  .outputs = {},
                  .warnings = result->warnings};
    for (const Output& output : outputs_[file]) {
      if (!output.path.empty()) done.outputs.push_back(output.path.string());
    }
    last_done_ = now;
    reporter_.OnFileDone(done);
  }

  Result<void> WriteOutputs(size_t file, const transcript::Transcript& transcript) {
    for (const Output& output : outputs_[file]) {
      const std::string text =
          transcript::Render(transcript, output.format, arguments_.cues, arguments_.word_times);
      if (output.path.empty()) {
        TRY_VOID(WriteStandardOutput(text));
      } else {
        TRY_VOID(WriteFileAtomically(output.path, text));
      }
    }
    return {};
  }

  void Fail(size_t file, const Error& error) {
    ++failed_count_;
    worst_ = Worse(worst_, ExitCodeOf(error.code, Stage::kFile));
    reporter_.OnFileFailed({file, arguments_.files[file].string(), error});
  }

  ExitCode End(ExitCode code) {
    const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
    reporter_.OnEnd({arguments_.files.size(), failed_count_, elapsed, code});
    return code;
  }

  const TranscribeArguments& arguments_;
  const MediaSandbox& sandbox_;
  Reporter& reporter_;
  std::stop_token stop_;
  std::vector<std::vector<Output>> outputs_;  // of each file
  std::vector<size_t> accepted_;              // indices of the files that the engine is given
  std::unique_ptr<pipeline::Engine> engine_;
  size_t failed_count_ = 0;
  ExitCode worst_ = ExitCode::kSuccess;
  Clock::time_point started_;
  Clock::time_point last_done_;
};

}  // namespace

Result<void> CheckInput(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return Fail(ErrorCode::kNotFound, "there is no such file");
  }
  if (error) return Failure(SystemError(error.value(), "can't be read"));
  if (fs::is_directory(status)) return Fail(ErrorCode::kIo, "is a folder, not a file");
  if (access(path.c_str(), R_OK) != 0) return Failure(SystemError(errno, "can't be read"));
  if (fs::is_regular_file(status) && fs::file_size(path, error) == 0) {
    return Fail(ErrorCode::kCorruptMedia, "is empty");
  }
  return {};
}

ExitCode Transcribe(const TranscribeArguments& arguments, const MediaSandbox& sandbox,
                    const std::stop_token& stop) {
  const std::unique_ptr<Reporter> reporter =
      MakeReporter({.progress = arguments.progress,
                    .is_verbose = arguments.is_verbose,
                    .stdout_is_result = arguments.output == "-"});
  return Run(arguments, sandbox, *reporter, stop).Execute();
}

ExitCode Demo(TranscribeArguments arguments, const MediaSandbox& sandbox,
              const std::stop_token& stop) {
  const Result<fs::path> clip = FindSampleClip();
  if (!clip) {
    Complain(clip.error().message);
    return ExitCodeOf(clip.error().code, Stage::kFile);
  }
  arguments.files = {*clip};
  arguments.formats = {transcript::Format::kSrt};
  arguments.output.assign(1, '-');  // GCC 12 warns of an overlap in = "-"
  return Transcribe(arguments, sandbox, stop);
}

}  // namespace verbatim::app
