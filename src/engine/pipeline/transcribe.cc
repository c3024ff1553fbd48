#include "pipeline/transcribe.h"

#include <atomic>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "base/mutex.h"
#include "kernels/cpu.h"
#include "kernels/gemm.h"
#include "kernels/thread_pool.h"
#include "pipeline/decoding_plan.h"
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

// Where reserving memory may fail, what loading takes is looked for first: the file is mapped while
// its half floats become the weights. A file that is not there is told of by who opens it.
Result<void> CheckAddressSpace(const std::filesystem::path& model, const PartFormats& formats) {
  const std::optional<uint64_t> space = AddressSpaceBytes();
  std::error_code error;
  const uintmax_t file = std::filesystem::file_size(model / "model.bin", error);
  if (!space || error) return {};
  const bool has_f32 = formats.encoder == ComputeType::kF32 || formats.decoder == ComputeType::kF32;
  const uintmax_t needed = file * (has_f32 ? 3 : 2);
  if (*space >= needed) return {};
  return Fail(ErrorCode::kBusy, "loading the model takes " + std::to_string(needed >> 20) +
                                    " MB of address space, and the limit leaves " +
                                    std::to_string(*space >> 20));
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

constexpr char kShortOfMemory[] =
    "there was not enough memory for all workers, or for their batches: it went on with less";

class WhisperEngine final : public Engine {
 public:
  struct Surroundings {
    std::string name;  // of the model
    int cpus = 1;
    std::shared_ptr<sandbox::Launcher> sandbox;
  };

  WhisperEngine(std::shared_ptr<const whisper::Model> model, Surroundings surroundings,
                const Shape& shape)
      : model_(std::move(model)),
        name_(std::move(surroundings.name)),
        cpus_(surroundings.cpus),
        sandbox_(std::move(surroundings.sandbox)),
        rules_(MakeSharedRules(*model_)),
        shape_(shape) {}

  Shape shape() const override;
  void Resize(int workers, int batch) override;
  uint64_t PredictBytes(int workers, int batch) const override;
  profile::StageMeter::Totals stage_totals() const override { return meter_.Read(); }
  bool is_multilingual() const override { return model_->tokenizer.is_multilingual(); }
  int busy_workers() const override { return busy_workers_; }

  Result<void> Transcribe(std::span<const FileRequest> files, const TranscribeOptions& options,
                          const TranscribeEvents& events, std::stop_token stop) override;

 private:
  std::shared_ptr<WorkerPool> Workers();
  WindowQueue::Options QueueOptions() const REQUIRES(mutex_);

  std::shared_ptr<const whisper::Model> model_;
  std::string name_;
  int cpus_;
  std::shared_ptr<sandbox::Launcher> sandbox_;
  SharedRules rules_;
  profile::StageMeter meter_;
  std::atomic<int> busy_workers_ = 0;
  mutable Mutex mutex_;
  Shape shape_ GUARDED_BY(mutex_);
  std::weak_ptr<WorkerPool> workers_ GUARDED_BY(mutex_);  // owned by the calls
};

// The path: files -> audio -> speech -> windows on this thread's reader, windows -> text on the
// workers of all calls, text -> transcripts in the collector.
Result<void> WhisperEngine::Transcribe(std::span<const FileRequest> files,
                                       const TranscribeOptions& options,
                                       const TranscribeEvents& events, std::stop_token stop) {
  DecodingPlan plan = TRY(MakeDecodingPlan(*model_, rules_, options));
  const DecoderSize size = DecoderSizeFor(*model_, plan);
  RunTraits traits{options.task == Task::kTranslate ? "translate" : "transcribe", name_,
                   options.language == "auto" ? "" : options.language};
  const auto call = std::make_shared<Call>(std::move(plan), files, events, std::move(traits), stop);
  // Also where memory runs out: `events` end with this call, what workers have of it may not.
  const auto close = [](Collector* collector) { collector->Close(); };
  const std::unique_ptr<Collector, decltype(close)> closer(&call->collector, close);
  const std::shared_ptr<WorkerPool> workers = Workers();
  kernels::PrepareThread();  // any caller's thread hears the same speech
  WindowQueue::Place place(workers->queue(), {options.priority, size});
  // This thread reads, and then waits for the workers.
  profile::StageClock clock(&meter_, profile::Stage::kWorkerWait);
  WindowReader reader(place, call, options, clock, sandbox_.get());
  for (size_t i = 0; i < files.size() && !stop.stop_requested(); ++i) {
    reader.Read(call->collector.file(i), files[i]);
  }
  place.EndReading();
  place.AwaitFinished(stop);
  if (workers->queue().refusals() > 0) call->collector.Warn(kShortOfMemory);
  call->collector.Close();
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  if (workers->queue().has_failed()) {
    return Fail(ErrorCode::kBusy, "there is not enough memory for a single worker");
  }
  return {};
}

Engine::Shape WhisperEngine::shape() const {
  MutexLock lock(mutex_);
  return shape_;
}

void WhisperEngine::Resize(int workers, int batch) {
  std::shared_ptr<WorkerPool> running;  // should it be the last of its owners, without the mutex
  MutexLock lock(mutex_);
  const Shape before = shape_;
  shape_ = ResizedShape(shape_, {workers, batch}, cpus_);
  if (shape_.workers == before.workers && shape_.batch == before.batch) return;
  running = workers_.lock();
  if (running) running->Resize(QueueOptions());
}

uint64_t WhisperEngine::PredictBytes(int workers, int batch) const {
  return EngineBytes(model_->shape, model_->precision, {workers, batch});
}

// Those of the calls there are, or new ones.
std::shared_ptr<WorkerPool> WhisperEngine::Workers() {
  MutexLock lock(mutex_);
  std::shared_ptr<WorkerPool> workers = workers_.lock();
  if (workers) return workers;
  workers = std::make_shared<WorkerPool>(model_, QueueOptions(), meter_, busy_workers_);
  workers_ = workers;
  return workers;
}

// With fewer windows than workers, those with work get the others' threads, unless the options say
// how many each has.
WindowQueue::Options WhisperEngine::QueueOptions() const {
  WindowQueue::Options options;
  options.workers = static_cast<size_t>(shape_.workers);
  options.threads = static_cast<size_t>(shape_.threads);
  options.batch = static_cast<size_t>(shape_.batch);
  options.is_spreading = shape_.threads_from != Origin::kOptions;
  options.waiting_max = options.workers + kQueuedWindows;
  return options;
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
  FitAllocator();
  TRY_VOID(CheckAddressSpace(options.model_directory, formats));
  const int cpus = ThreadsFor(UsableCpus(), AddressSpaceBytes());
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
  return std::make_unique<WhisperEngine>(
      std::move(model), WhisperEngine::Surroundings{std::move(name), cpus, options.sandbox}, shape);
}

void Engine::Resize(int /*workers*/, int /*batch*/) {}

uint64_t Engine::PredictBytes(int /*workers*/, int /*batch*/) const { return 0; }

}  // namespace verbatim::pipeline
