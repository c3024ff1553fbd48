#include "pipeline/transcribe.h"

#include <thread>
#include <utility>

#include "kernels/cpu.h"
#include "kernels/gemm.h"
#include "kernels/thread_pool.h"
#include "pipeline/collector.h"
#include "pipeline/engine_shape.h"
#include "pipeline/memory.h"
#include "pipeline/window_queue.h"
#include "pipeline/window_reader.h"
#include "pipeline/worker.h"
#include "whisper/model.h"

namespace verbatim::pipeline {
namespace {

nn::Linear::Format LayersIn(ComputeType type) {
  using Format = nn::Linear::Format;
  if (type == ComputeType::kInt8) return Format::kInt8;
  return type == ComputeType::kBf16 ? Format::kBf16 : Format::kF32;
}

whisper::Precision PrecisionFor(const PartFormats& formats) {
  return {LayersIn(formats.encoder), LayersIn(formats.decoder),
          formats.attention == ComputeType::kF32 ? kernels::AttentionFormat::kF32
                                                 : kernels::AttentionFormat::kBf16,
          formats.audio == AudioType::kInt8 ? nn::AudioFormat::kInt8 : nn::AudioFormat::kHalf};
}

bool HasProductsFor(const PartFormats& formats) {
  const bool needs_bf16 =
      formats.encoder == ComputeType::kBf16 || formats.decoder == ComputeType::kBf16;
  return !needs_bf16 || kernels::HasProducts(kernels::NumberType::kBf16);
}

std::pair<PartFormats, Origin> ChooseFormats(const EngineOptions& options) {
  if (options.compute_type != ComputeType::kAuto) {
    return {FormatsOf(options.compute_type), Origin::kOptions};
  }
  if (options.calibration && HasProductsFor(options.calibration->formats)) {
    return {options.calibration->formats, Origin::kCalibration};
  }
  return {FormatsOf(ComputeType::kAuto), Origin::kRule};
}

// The type that means these formats, or kAuto.
ComputeType TypeOf(const PartFormats& formats) {
  for (const ComputeType type : {ComputeType::kInt8, ComputeType::kBf16, ComputeType::kF32}) {
    if (formats == FormatsOf(type)) return type;
  }
  return ComputeType::kAuto;
}

// Besides one for each worker: reading is far faster than decoding, so a few keep all workers busy.
constexpr size_t kQueuedWindows = 2;

class WhisperEngine final : public Engine {
 public:
  // `is_spreading`: with fewer windows than workers, those with work get the others' threads.
  WhisperEngine(std::shared_ptr<const whisper::Model> model, std::string name, Shape shape,
                bool is_spreading)
      : model_(std::move(model)),
        name_(std::move(name)),
        shape_(shape),
        is_spreading_(is_spreading) {}

  Shape shape() const override { return shape_; }
  profile::StageMeter::Totals stage_totals() const override { return meter_.Read(); }
  bool is_multilingual() const override { return model_->tokenizer.is_multilingual(); }

  Result<void> Transcribe(std::span<const FileRequest> files, const TranscribeOptions& options,
                          const TranscribeEvents& events, std::stop_token stop) override;

 private:
  // How many of `count` workers are needed.
  size_t AwaitFirst(WindowQueue& queue, size_t count, const std::stop_token& stop) {
    const profile::StageClock clock(&meter_, profile::Stage::kWindowWait);
    return queue.AwaitFirst(count, stop);
  }

  std::shared_ptr<const whisper::Model> model_;
  std::string name_;
  Shape shape_;
  bool is_spreading_;
  profile::StageMeter meter_;
};

// The path: files -> audio -> speech -> windows on this thread's reader, windows -> text on the
// workers, text -> transcripts in the collector.
Result<void> WhisperEngine::Transcribe(std::span<const FileRequest> files,
                                       const TranscribeOptions& options,
                                       const TranscribeEvents& events, std::stop_token stop) {
  const DecodingPlan plan = TRY(MakeDecodingPlan(*model_, options));
  Collector collector(files, events,
                      {options.task == Task::kTranslate ? "translate" : "transcribe", name_,
                       options.language == "auto" ? "" : options.language});
  const auto worker_count = static_cast<size_t>(shape_.workers);
  const auto threads = static_cast<size_t>(shape_.threads);
  WindowQueue queue(worker_count + kQueuedWindows);

  std::vector<std::jthread> workers;
  for (size_t i = 0; i < worker_count; ++i) {
    workers.emplace_back([&, i] {
      const size_t needed = AwaitFirst(queue, worker_count, stop);
      if (i >= needed) return;
      const size_t spread = is_spreading_ ? threads * worker_count / needed : threads;
      Worker worker(model_, plan, {spread, static_cast<size_t>(shape_.batch)}, meter_);
      worker.Run(queue, collector, stop);
    });
  }
  // This thread reads, and then waits for the workers.
  profile::StageClock clock(&meter_, profile::Stage::kWorkerWait);
  WindowReader reader(queue, collector, options, clock);
  for (size_t i = 0; i < files.size() && !stop.stop_requested(); ++i) {
    reader.Read(collector.file(i), files[i], stop);
  }
  queue.Close();
  workers.clear();  // waits for them
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  return {};
}

}  // namespace

PartFormats FormatsOf(ComputeType type) {
  if (type == ComputeType::kAuto || type == ComputeType::kInt8) {
    return {ComputeType::kInt8, ComputeType::kBf16, ComputeType::kInt8, AudioType::kInt8};
  }
  const ComputeType attention = type == ComputeType::kF32 ? ComputeType::kF32 : ComputeType::kBf16;
  return {type, attention, type, AudioType::kHalf};
}

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options) {
  if (options.compute_type == ComputeType::kBf16 &&
      !kernels::HasProducts(kernels::NumberType::kBf16)) {
    return Fail(ErrorCode::kInvalidArgument,
                "this CPU cannot multiply bf16: use --compute-type int8, f32 or auto");
  }
  const auto [formats, formats_from] = ChooseFormats(options);
  kernels::PrepareThread();
  const int cpus = UsableCpus();
  kernels::ThreadPool pool(static_cast<size_t>(cpus));
  std::shared_ptr<const whisper::Model> model =
      TRY(whisper::Model::Open(options.model_directory, PrecisionFor(formats), pool));
  Shape shape =
      TRY(ChooseShape(options, model->shape, model->precision.audio, {cpus, FreeMemoryBytes()}));
  shape.formats = formats;
  shape.formats_from = formats_from;
  shape.compute_type = TypeOf(formats);
  std::string name =
      options.model_name.empty() ? options.model_directory.filename().string() : options.model_name;
  return std::make_unique<WhisperEngine>(std::move(model), std::move(name), shape,
                                         options.threads == 0);
}

}  // namespace verbatim::pipeline
