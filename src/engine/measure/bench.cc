#include "measure/bench.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <numeric>
#include <optional>
#include <utility>

#include "kernels/cpu.h"
#include "kernels/limits.h"
#include "kernels/thread_pool.h"
#include "pipeline/memory.h"
#include "profile/stage_meter.h"
#include "transcript/writers.h"

namespace verbatim::measure {
namespace {

using pipeline::AudioType;
using pipeline::ComputeType;
using pipeline::Engine;
using pipeline::PartFormats;
using pipeline::Progress;
using pipeline::TranscribeEvents;

using kernels::NumberFormat;
using profile::Stage;
using profile::StageTotals;
using SystemClock = std::chrono::steady_clock;
using Totals = profile::StageMeter::Totals;

double SecondsSince(SystemClock::time_point begin) {
  return std::chrono::duration<double>(SystemClock::now() - begin).count();
}

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

const StageTotals& At(const Totals& totals, Stage stage) {
  return totals[static_cast<size_t>(stage)];
}

BenchLimits MeasureLimits(kernels::ThreadPool& pool) {
  constexpr size_t kBeyondCaches = size_t{128} << 20;
  return {.f32_products = kernels::MeasureProducts(NumberFormat::kF32, pool),
          .bf16_products = kernels::MeasureProducts(NumberFormat::kBf16, pool),
          .int8_products = kernels::MeasureProducts(NumberFormat::kInt8, pool),
          .copy = kernels::MeasureCopy(pool),
          .reading = kernels::MeasureReading(kBeyondCaches, pool)};
}

// The format in which a stage multiplies: that of its part of the model, all else f32.
ComputeType FormatOf(Stage stage, const PartFormats& formats) {
  switch (stage) {
    case Stage::kEncoderConvolutions:
    case Stage::kEncoderProjections:
    case Stage::kEncoderOutput:
    case Stage::kEncoderFeedForward:
    case Stage::kCrossKeyValues: return formats.encoder;
    case Stage::kDecoderLinear:
    case Stage::kVocabulary:
    case Stage::kAlignmentPass: return formats.decoder;
    case Stage::kEncoderAttention: return formats.attention;
    case Stage::kDecoderCrossAttention:
      return formats.audio == AudioType::kInt8 ? ComputeType::kInt8 : ComputeType::kF32;
    default: return ComputeType::kF32;
  }
}

// The limits that a stage is held against: the better ones of before and after.
class Limits {
 public:
  explicit Limits(const BenchReport& report)
      : before_(report.before),
        after_(report.after),
        reading_(report.step_reading),
        formats_(report.shape.formats),
        threads_(report.threads) {}

  // Fills in how near to its limit the stage is: its operations at the rate of products, or its
  // bytes at that of memory, whichever takes longer.
  void Compare(Stage stage, BenchStage& line) const {
    const ComputeType format = FormatOf(stage, formats_);
    const double by_products = Rate(format) > 0 ? line.operations / Rate(format) : 0;
    const double by_memory = reading_ > 0 ? line.bytes / reading_ : 0;
    const double seconds = line.seconds / threads_;
    if (seconds <= 0 || line.operations <= 0) return;
    line.share_of_limit = std::max(by_products, by_memory) / seconds;
    line.limit = by_memory > by_products ? "memory" : NameOf(format);
  }

 private:
  static std::string NameOf(ComputeType format) {
    if (format == ComputeType::kInt8) return "int8 products";
    if (format == ComputeType::kBf16) return "bf16 products";
    return "f32 products";
  }

  double Rate(ComputeType format) const {
    if (format == ComputeType::kInt8) return std::max(before_.int8_products, after_.int8_products);
    if (format == ComputeType::kBf16) return std::max(before_.bf16_products, after_.bf16_products);
    return std::max(before_.f32_products, after_.f32_products);
  }

  BenchLimits before_;
  BenchLimits after_;
  double reading_;
  PartFormats formats_;
  int threads_;
};

// Stages from first to last as one; its limit is the sum of what theirs take.
BenchStage Together(std::string name, const std::vector<BenchStage>& stages, Stage first,
                    Stage last) {
  BenchStage sum;
  sum.name = std::move(name);
  double at_limit = 0;
  for (auto i = static_cast<size_t>(first); i <= static_cast<size_t>(last); ++i) {
    if (stages[i].is_waiting) continue;
    sum.calls += stages[i].calls;
    sum.seconds += stages[i].seconds;
    sum.operations += stages[i].operations;
    sum.bytes += stages[i].bytes;
    at_limit += stages[i].share_of_limit * stages[i].seconds;
  }
  if (sum.seconds > 0) sum.share_of_limit = at_limit / sum.seconds;
  if (sum.share_of_limit > 0) sum.limit = "its stages'";
  return sum;
}

// What a decoding step reads: weights, and the caches of its windows.
double StepBytes(const Totals& totals) {
  uint64_t bytes = 0;
  for (Stage stage : {Stage::kDecoderLinear, Stage::kDecoderSelfAttention,
                      Stage::kDecoderCrossAttention, Stage::kVocabulary}) {
    bytes += At(totals, stage).work.bytes;
  }
  const uint64_t steps = At(totals, Stage::kVocabulary).calls;
  return steps == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(steps);
}

void FillStages(const Totals& totals, BenchReport& report) {
  const Limits limits(report);
  double booked = 0;
  for (size_t i = 0; i < totals.size(); ++i) {
    const auto stage = static_cast<Stage>(i);
    BenchStage line;
    line.name = profile::StageName(stage);
    line.calls = totals[i].calls;
    line.seconds = static_cast<double>(totals[i].nanoseconds) * 1e-9;
    line.operations = static_cast<double>(totals[i].work.operations);
    line.bytes = static_cast<double>(totals[i].work.bytes);
    line.is_waiting = profile::IsWaiting(stage);
    limits.Compare(stage, line);
    booked += line.seconds;
    report.stages.push_back(std::move(line));
  }
  report.encoder = Together("encoder", report.stages, Stage::kEncoderConvolutions,  //
                            Stage::kEncoderRest);
  report.decoder =
      Together("decoder", report.stages, Stage::kCrossKeyValues, Stage::kAlignmentPath);
  report.all = Together("all but waiting", report.stages, Stage::kMedia, Stage::kPreparing);
  const double time = std::accumulate(report.seconds.begin(), report.seconds.end(), 0.0);
  report.accounted_share = time > 0 ? booked / (time * (report.threads + 1)) : 0;
}

// The rounds: runs the engine and takes down what it says.
class Rounds {
 public:
  Rounds(Engine& engine, const BenchRequest& request, const BenchEvents& events)
      : engine_(engine), request_(request), events_(events) {}

  Result<void> Run(BenchReport& report, const std::stop_token& stop) {
    const double cpu_begin = CpuSeconds();
    for (int round = 0; round < request_.rounds; ++round) {
      audio_ = SampleTime{0};
      begin_ = SystemClock::now();
      TRY_VOID(engine_.Transcribe(request_.files, request_.options, EventsOf(round, report), stop));
      report.seconds.push_back(SecondsSince(begin_));
      if (failure_) return Failure(*std::move(failure_));
    }
    report.cpu_seconds = CpuSeconds() - cpu_begin;
    report.audio_seconds = ToSeconds(audio_);
    return {};
  }

 private:
  TranscribeEvents EventsOf(int round, BenchReport& report) {
    TranscribeEvents events;
    events.on_progress = [this, round](const Progress& progress) {
      if (events_.on_progress) events_.on_progress(round, progress);
    };
    events.on_segment = [this, &report](size_t, const transcript::Segment&) {
      if (report.first_text_seconds > 0) return;
      report.first_text_seconds = report.load_seconds + SecondsSince(begin_);
    };
    events.on_file = [this](size_t, Result<transcript::Transcript> result) {
      if (!result) {
        if (!failure_) failure_ = std::move(result).error();
        return;
      }
      audio_ += result->duration;
      // As a command does that keeps the result.
      transcript::Render(*result, transcript::Format::kSrt, {}, transcript::WordTimes::kOmit);
    };
    return events;
  }

  Engine& engine_;
  const BenchRequest& request_;
  const BenchEvents& events_;
  SystemClock::time_point begin_;
  SampleTime audio_{0};
  std::optional<Error> failure_;
};

}  // namespace

Result<BenchReport> RunBench(const BenchRequest& request, const BenchEvents& events,
                             const std::stop_token& stop) {
  if (request.files.empty() || request.rounds < 1) {
    return Fail(ErrorCode::kInvalidArgument, "nothing to measure: no files, or no rounds");
  }
  BenchReport report;
  const SystemClock::time_point begin = SystemClock::now();
  const std::unique_ptr<Engine> engine = TRY(Engine::Open(request.engine));
  report.load_seconds = SecondsSince(begin);
  report.memory_peak_bytes = pipeline::PeakMemoryBytes();
  report.shape = engine->shape();
  report.threads = report.shape.workers * report.shape.threads;
  report.instruction_set = kernels::InstructionSetName(TRY(kernels::ChooseInstructionSet()));
  kernels::PrepareThread();
  {
    kernels::ThreadPool pool(static_cast<size_t>(report.threads));
    report.before = MeasureLimits(pool);
  }
  pipeline::ResetPeakMemory();
  if (events.on_start) events.on_start(report.shape);
  TRY_VOID(Rounds(*engine, request, events).Run(report, stop));
  report.memory_peak_bytes = std::max(report.memory_peak_bytes, pipeline::PeakMemoryBytes());
  const Totals totals = engine->stage_totals();
  report.step_bytes = StepBytes(totals);
  kernels::ThreadPool pool(static_cast<size_t>(report.threads));
  report.after = MeasureLimits(pool);
  report.step_reading = kernels::MeasureReading(
      static_cast<size_t>(report.step_bytes) * static_cast<size_t>(report.shape.workers), pool);
  FillStages(totals, report);
  return report;
}

}  // namespace verbatim::measure
