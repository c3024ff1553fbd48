#include "bench_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "bench_report.h"
#include "calibration_file.h"
#include "measure/bench.h"
#include "measure/calibration.h"
#include "model_command.h"
#include "report.h"
#include "sample_clip.h"
#include "transcribe_command.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;

// The clip has 17 s: together five minutes.
constexpr size_t kClips = 18;

// When calibrating, each CPU has two batches of the largest size that is tried.
constexpr size_t kClipsPerCpu = 16;

// The rounds over all files as one file to the reporter.
class OverallProgress {
 public:
  OverallProgress(size_t files, int rounds)
      : positions_(files), shares_(files), rounds_(static_cast<double>(rounds)) {}

  pipeline::Progress Take(int round, const pipeline::Progress& progress) {
    if (round != round_) {
      before_ = Position();
      positions_.assign(positions_.size(), SampleTime{0});
      shares_.assign(shares_.size(), 0.0);
      round_ = round;
    }
    positions_.at(progress.file) = progress.position;
    shares_.at(progress.file) = progress.share;
    double done = round;
    for (const double share : shares_) done += share / static_cast<double>(shares_.size());
    return {.file = 0, .position = Position(), .duration = SampleTime{0}, .share = done / rounds_};
  }

 private:
  SampleTime Position() const {
    SampleTime sum = before_;
    for (const SampleTime position : positions_) sum += position;
    return sum;
  }

  std::vector<SampleTime> positions_;
  std::vector<double> shares_;
  SampleTime before_{0};
  double rounds_;
  int round_ = 0;
};

Result<std::vector<pipeline::FileRequest>> RequestsFor(const TranscribeArguments& arguments,
                                                       size_t clips) {
  std::vector<pipeline::FileRequest> requests;
  if (arguments.files.empty()) {
    const fs::path clip = TRY(FindSampleClip());
    requests.assign(clips, {clip, std::nullopt});
    return requests;
  }
  for (const fs::path& file : arguments.files) {
    if (Result<void> checked = CheckInput(file); !checked) {
      return Fail(checked.error().code, file.string() + ": " + checked.error().message);
    }
    requests.push_back({file, arguments.audio_track});
  }
  return requests;
}

// Returns what to print. Sets `stage` to what was being done, for the exit code of an error.
Result<std::string> Measure(const BenchArguments& arguments, Reporter& reporter, Stage& stage,
                            const std::stop_token& stop) {
  const TranscribeArguments& shared = arguments.transcribe;
  stage = Stage::kFile;
  measure::BenchRequest request{shared.engine, shared.options, {}, arguments.rounds};
  request.files = TRY(RequestsFor(shared, kClips));
  stage = Stage::kModel;
  request.engine.model_directory = TRY(EnsureModel(shared.model, reporter, stop));
  request.engine.calibration =
      ChosenIn(StoredCalibration(shared.calibration, request.engine.model_directory, reporter));
  reporter.OnLoading(shared.model);
  OverallProgress overall(request.files.size(), request.rounds);
  measure::BenchEvents events;
  events.on_start = [&](const pipeline::Engine::Shape& shape) {
    stage = Stage::kFile;
    reporter.OnStart({shared.model, shape, {"bench"}});
  };
  events.on_progress = [&](int round, const pipeline::Progress& progress) {
    reporter.OnProgress(overall.Take(round, progress));
  };
  const measure::BenchReport report = TRY(measure::RunBench(request, events, stop));
  if (!arguments.json.empty() && arguments.json != "-") {
    TRY_VOID(WriteFileAtomically(arguments.json, BenchJson(shared.model, report)));
  }
  return (arguments.json == "-" ? BenchJson : BenchText)(shared.model, report);
}

// Measures, keeps what was found, and returns what to print.
Result<std::string> Calibrate(const BenchArguments& arguments, Reporter& reporter, Stage& stage,
                              const std::stop_token& stop) {
  const TranscribeArguments& shared = arguments.transcribe;
  const std::optional<fs::path> path = CalibrationPath(shared.calibration);
  if (!path) {
    return Fail(ErrorCode::kInvalidArgument,
                "there is no place to keep a calibration: it is switched off");
  }
  TRY_VOID(ReadCalibrations(*path));  // what would stop its being kept is told before all the work
  stage = Stage::kModel;
  const fs::path model = TRY(EnsureModel(shared.model, reporter, stop));
  CalibrationEntry entry;
  entry.key = TRY(measure::CalibrationKeyOf(model));
  stage = Stage::kFile;
  const size_t clips = std::max(kClips, kClipsPerCpu * static_cast<size_t>(entry.key.cpus));
  measure::BenchRequest request{shared.engine, shared.options, {}, arguments.rounds};
  request.files = TRY(RequestsFor(shared, clips));
  request.engine.model_directory = model;
  reporter.OnStart({shared.model, {}, {"calibrate"}});
  const auto on_progress = [&](double share) { reporter.OnProgress({.share = share}); };
  const measure::CalibrationReport report =
      TRY(measure::RunCalibration(request, on_progress, stop));
  entry.chosen = report.chosen;
  entry.curve = report.curve;
  TRY_VOID(StoreCalibration(*path, entry));
  return CalibrationText(shared.model, report) + "kept in " + path->string() + "\n";
}

}  // namespace

ExitCode Bench(BenchArguments arguments, const MediaSandbox& sandbox, const std::stop_token& stop) {
  const std::unique_ptr<Reporter> reporter = MakeReporter(
      {.progress = arguments.transcribe.progress, .is_verbose = false, .stdout_is_result = true});
  const auto started = std::chrono::steady_clock::now();
  Stage stage = Stage::kFile;
  const auto warn = [&](const std::string& message) { reporter->OnWarning(message); };
  const SandboxMode mode = arguments.transcribe.sandbox;
  const auto run = [&]() -> Result<std::string> {
    TRY_VOID(sandbox.Check(mode, warn));
    arguments.transcribe.engine.sandbox = TRY(sandbox.LauncherFor(mode));
    stage = Stage::kArguments;
    return (arguments.is_calibrating ? Calibrate : Measure)(arguments, *reporter, stage, stop);
  };
  const Result<std::string> text = run();
  if (!text) reporter->OnError(text.error());
  const ExitCode code = text ? ExitCode::kSuccess : ExitCodeOf(text.error().code, stage);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  reporter->OnEnd({1, text ? size_t{0} : size_t{1}, elapsed.count(), code});
  if (text) std::fputs(text->c_str(), stdout);
  return code;
}

}  // namespace verbatim::app
