#include "measure/calibration.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "kernels/cpu.h"
#include "kernels/gemm.h"
#include "pipeline/memory.h"
#include "profile/stage_meter.h"

namespace verbatim::measure {
namespace {

using pipeline::Calibration;
using pipeline::ComputeType;
using pipeline::Engine;
using pipeline::FormatsOf;
using pipeline::PartFormats;
using pipeline::TranscribeEvents;

namespace fs = std::filesystem;
using profile::Stage;
using SystemClock = std::chrono::steady_clock;
using Totals = profile::StageMeter::Totals;

// A change must save this part of the time; less may be chance.
constexpr double kGainMin = 0.03;
constexpr int kRoundsMin = 2;
constexpr int kWorkersMax = 64;  // as an engine takes
constexpr double kDoesNotFit = std::numeric_limits<double>::infinity();

// Thread time and operations of some stages.
struct PartWork {
  double seconds = 0;
  double operations = 0;
};

struct RunResult {
  double seconds = kDoesNotFit;
  uint64_t memory_bytes = 0;
  PartWork encoder, attention, decoder, audio;
};

PartWork SumOf(const Totals& totals, std::initializer_list<Stage> stages) {
  PartWork sum;
  for (const Stage stage : stages) {
    const profile::StageTotals& of = totals[static_cast<size_t>(stage)];
    sum.seconds += static_cast<double>(of.nanoseconds) * 1e-9;
    sum.operations += static_cast<double>(of.work.operations);
  }
  return sum;
}

RunResult ResultOf(double seconds, uint64_t memory_bytes, const Totals& totals) {
  return {
      seconds,
      memory_bytes,
      SumOf(totals, {Stage::kEncoderConvolutions, Stage::kEncoderProjections, Stage::kEncoderOutput,
                     Stage::kEncoderFeedForward, Stage::kEncoderRest, Stage::kCrossKeyValues}),
      SumOf(totals, {Stage::kEncoderAttention}),
      SumOf(totals, {Stage::kDecoderLinear, Stage::kVocabulary, Stage::kAlignmentPass}),
      SumOf(totals, {Stage::kDecoderCrossAttention})};
}

// The time of `work`, had it been as much as `like`: texts differ a little between formats.
double Scaled(const PartWork& work, const PartWork& like) {
  return work.operations > 0 ? work.seconds * like.operations / work.operations : work.seconds;
}

// Of each part its best over the rounds.
FormatTrial TrialOf(ComputeType type, const std::vector<RunResult>& runs, const RunResult& like) {
  FormatTrial trial{type, kDoesNotFit, {kDoesNotFit, kDoesNotFit, kDoesNotFit, kDoesNotFit}};
  const auto lower = [](double& best, double seconds) { best = std::min(best, seconds); };
  for (const RunResult& run : runs) {
    if (run.seconds == kDoesNotFit) continue;
    lower(trial.seconds, run.seconds);
    lower(trial.parts.encoder, Scaled(run.encoder, like.encoder));
    lower(trial.parts.attention, Scaled(run.attention, like.attention));
    lower(trial.parts.decoder, Scaled(run.decoder, like.decoder));
    lower(trial.parts.audio, Scaled(run.audio, like.audio));
  }
  return trial;
}

size_t FastestOf(const std::vector<ShapeTrial>& trials) {
  std::vector<double> seconds;
  for (const ShapeTrial& trial : trials) seconds.push_back(trial.seconds);
  return ChooseFastest(seconds);
}

std::vector<ComputeType> TypesHere() {
  std::vector<ComputeType> types{ComputeType::kInt8};
  if (kernels::HasProducts(kernels::NumberType::kBf16)) types.push_back(ComputeType::kBf16);
  types.push_back(ComputeType::kF32);
  return types;
}

// The fastest of the runs, and the most memory that one took.
ShapeTrial TrialOf(const Calibration& calibration, const std::vector<RunResult>& runs) {
  return {calibration, std::ranges::min(runs, {}, &RunResult::seconds).seconds,
          std::ranges::max(runs, {}, &RunResult::memory_bytes).memory_bytes};
}

// Memory is what this process holds now; what the allocator keeps is given back first.
uint64_t HeldBytes() {
  malloc_trim(0);
  return pipeline::ResidentBytes();
}

constexpr int kBatches[] = {1, 2, 4, 8};

class Calibrator {
 public:
  Calibrator(const BenchRequest& request, const std::function<void(double)>& on_progress,
             const std::stop_token& stop)
      : request_(request),
        on_progress_(on_progress),
        stop_(stop),
        rounds_(std::max(kRoundsMin, request.rounds)) {
    request_.engine.compute_type = ComputeType::kAuto;
    request_.engine.workers = request_.engine.threads = request_.engine.batch = 0;
    constexpr size_t kMixtures = 2;
    constexpr size_t kTimesShapes = 2;  // to choose one, and for the curve if the batch is another
    runs_planned_ =
        static_cast<size_t>(rounds_) * (TypesHere().size() + kMixtures + std::size(kBatches) +
                                        kTimesShapes * ShapesFor(pipeline::UsableCpus()).size());
  }

  Result<CalibrationReport> Run() {
    const SystemClock::time_point begin = SystemClock::now();
    TRY_VOID(FindRule());
    TRY_VOID(TryFormats());
    TRY_VOID(TryShapes());
    TRY_VOID(TryBatches());
    TRY_VOID(TryWorkers());
    report_.audio_seconds = ToSeconds(audio_);
    report_.seconds = std::chrono::duration<double>(SystemClock::now() - begin).count();
    return std::move(report_);
  }

 private:
  // What is chosen where nothing was measured.
  Result<void> FindRule() {
    request_.engine.calibration = std::nullopt;
    const std::unique_ptr<Engine> engine = TRY(Engine::Open(request_.engine));
    const Engine::Shape shape = engine->shape();
    report_.chosen = {shape.formats, shape.workers, shape.threads, shape.batch};
    return {};
  }

  Result<void> TryFormats() {
    const std::vector<ComputeType> types = TypesHere();
    std::vector<Calibration> candidates;
    for (const ComputeType type : types) {
      candidates.push_back(report_.chosen);
      candidates.back().formats = FormatsOf(type);
    }
    const std::vector<std::vector<RunResult>> runs = TRY(RunAll(candidates));
    for (size_t i = 0; i < types.size(); ++i) {
      report_.formats.push_back(TrialOf(types[i], runs[i], runs[0][0]));
    }
    Calibration mixture = report_.chosen;
    mixture.formats = ChooseFormats(report_.formats);
    if (mixture == report_.chosen) return {};
    report_.mixtures = TRY(Try({report_.chosen, mixture}));
    report_.chosen = report_.mixtures[FastestOf(report_.mixtures)].calibration;
    return {};
  }

  Result<void> TryShapes() {
    std::vector<Calibration> candidates{report_.chosen};
    for (const auto& [workers, threads] : ShapesFor(pipeline::UsableCpus())) {
      AddIfNew(candidates, workers, threads, report_.chosen.batch);
    }
    report_.shapes = TRY(Try(candidates));
    report_.chosen = report_.shapes[FastestOf(report_.shapes)].calibration;
    return {};
  }

  Result<void> TryBatches() {
    std::vector<Calibration> candidates{report_.chosen};
    for (const int batch : kBatches) {
      AddIfNew(candidates, report_.chosen.workers, report_.chosen.threads, batch);
    }
    report_.batches = TRY(Try(candidates));
    report_.chosen = report_.batches[FastestOf(report_.batches)].calibration;
    return {};
  }

  // What was tried to choose the shape is the curve, unless another batch was chosen since.
  Result<void> TryWorkers() {
    std::vector<ShapeTrial> trials = report_.shapes;
    if (trials.front().calibration.batch != report_.chosen.batch) {
      std::vector<Calibration> candidates;
      for (const ShapeTrial& trial : trials) {
        candidates.push_back(trial.calibration);
        candidates.back().batch = report_.chosen.batch;
      }
      trials = TRY(Try(candidates));
    }
    report_.curve = CurveOf(trials, ToSeconds(audio_));
    return {};
  }

  static void AddIfNew(std::vector<Calibration>& candidates, int workers, int threads, int batch) {
    const Calibration candidate{candidates.front().formats, workers, threads, batch};
    if (std::ranges::find(candidates, candidate) == candidates.end()) {
      candidates.push_back(candidate);
    }
  }

  Result<std::vector<ShapeTrial>> Try(const std::vector<Calibration>& candidates) {
    const std::vector<std::vector<RunResult>> runs = TRY(RunAll(candidates));
    std::vector<ShapeTrial> trials;
    for (size_t i = 0; i < candidates.size(); ++i) {
      trials.push_back(TrialOf(candidates[i], runs[i]));
    }
    return trials;
  }

  // In turn, so that a slow minute of the machine hits them all.
  Result<std::vector<std::vector<RunResult>>> RunAll(const std::vector<Calibration>& candidates) {
    std::vector<std::vector<RunResult>> runs(candidates.size());
    for (int round = 0; round < rounds_; ++round) {
      for (size_t i = 0; i < candidates.size(); ++i) runs[i].push_back(TRY(RunOnce(candidates[i])));
    }
    return runs;
  }

  Result<RunResult> RunOnce(const Calibration& candidate) {
    request_.engine.calibration = candidate;
    const uint64_t held = HeldBytes();
    const std::unique_ptr<Engine> engine = TRY(Engine::Open(request_.engine));
    const Engine::Shape shape = engine->shape();
    if (candidate != Calibration{shape.formats, shape.workers, shape.threads, shape.batch}) {
      ++runs_done_;
      return RunResult{};
    }
    audio_ = SampleTime{0};
    pipeline::ResetPeakMemory();  // the model's file is held only while it is read
    const SystemClock::time_point begin = SystemClock::now();
    TRY_VOID(engine->Transcribe(request_.files, request_.options, Events(), stop_));
    const std::chrono::duration<double> seconds = SystemClock::now() - begin;
    if (failure_) return Failure(*std::move(failure_));
    ++runs_done_;
    const uint64_t peak = pipeline::PeakMemoryBytes();
    return ResultOf(seconds.count(), peak - std::min(peak, held), engine->stage_totals());
  }

  TranscribeEvents Events() {
    TranscribeEvents events;
    events.on_file = [this](size_t file, Result<transcript::Transcript> result) {
      if (!result) {
        if (!failure_) failure_ = std::move(result).error();
        return;
      }
      audio_ += result->duration;
      const double of_run =
          static_cast<double>(file + 1) / static_cast<double>(request_.files.size());
      const double share =
          (static_cast<double>(runs_done_) + of_run) / static_cast<double>(runs_planned_);
      if (on_progress_) on_progress_(std::min(share, 1.0));
    };
    return events;
  }

  BenchRequest request_;
  const std::function<void(double)>& on_progress_;
  std::stop_token stop_;
  int rounds_;
  size_t runs_planned_ = 0;  // at most, or nearly
  size_t runs_done_ = 0;
  SampleTime audio_{0};
  std::optional<Error> failure_;
  CalibrationReport report_;
};

}  // namespace

Result<CalibrationKey> CalibrationKeyOf(const fs::path& model_directory) {
  std::error_code error;
  const fs::path folder = fs::weakly_canonical(model_directory, error);
  const uintmax_t bytes = fs::file_size(folder / "model.bin", error);
  if (error) return Fail(ErrorCode::kNotFound, "there is no model.bin in " + folder.string());
  const kernels::InstructionSet set = TRY(kernels::ChooseInstructionSet());
  return CalibrationKey{pipeline::CpuName(), std::string(kernels::InstructionSetName(set)),
                        pipeline::UsableCpus(), folder.filename().string(), bytes};
}

size_t ChooseFastest(std::span<const double> seconds) {
  const auto best = std::ranges::min_element(seconds);
  const bool is_worth_it = best != seconds.end() && *best <= seconds[0] * (1 - kGainMin);
  return is_worth_it ? static_cast<size_t>(best - seconds.begin()) : 0;
}

PartFormats ChooseFormats(std::span<const FormatTrial> trials) {
  const auto fastest = [&](double PartTimes::* part) {
    std::vector<double> seconds;
    for (const FormatTrial& trial : trials) seconds.push_back(trial.parts.*part);
    return FormatsOf(trials[ChooseFastest(seconds)].type);
  };
  return {fastest(&PartTimes::encoder).encoder, fastest(&PartTimes::attention).attention,
          fastest(&PartTimes::decoder).decoder, fastest(&PartTimes::audio).audio};
}

std::vector<std::pair<int, int>> ShapesFor(int cpus) {
  std::vector<std::pair<int, int>> shapes;
  const int most = std::clamp(cpus, 1, kWorkersMax);
  constexpr int kEachUpTo = 4;
  for (int workers = 1; workers <= most; workers = workers < kEachUpTo ? workers + 1
                                                   : workers == most
                                                       ? most + 1
                                                       : std::min(2 * workers, most)) {
    shapes.emplace_back(workers, std::max(1, cpus / workers));
  }
  return shapes;
}

std::vector<WorkerPoint> CurveOf(std::span<const ShapeTrial> trials, double audio_seconds) {
  std::vector<WorkerPoint> curve;
  for (const ShapeTrial& trial : trials) {
    if (!std::isfinite(trial.seconds) || trial.seconds <= 0) continue;
    curve.push_back({trial.calibration.workers, trial.calibration.threads,
                     audio_seconds / trial.seconds, trial.memory_bytes});
  }
  std::ranges::sort(curve, {}, &WorkerPoint::workers);
  return curve;
}

Result<CalibrationReport> RunCalibration(const BenchRequest& request,
                                         const std::function<void(double share)>& on_progress,
                                         const std::stop_token& stop) {
  if (request.files.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "nothing to measure: no files");
  }
  return Calibrator(request, on_progress, stop).Run();
}

}  // namespace verbatim::measure
