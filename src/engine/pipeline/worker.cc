#include "pipeline/worker.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "base/contain.h"
#include "kernels/cpu.h"
#include "pipeline/engine_shape.h"
#include "pipeline/memory.h"
#include "pipeline/segments.h"
#include "whisper/rules.h"

namespace verbatim::pipeline {
namespace {

using profile::Stage;
using profile::StageScope;
using transcript::CoverageKind;

// In 200 windows of clean and noisy speech, a text that was whole ended at most 0.9 s before its
// window did: a rest this long was left out by the decoder.
constexpr SampleTime kRestMin{kSampleRate * 8 / 5};

// A part that gets less further than this would be cut into ever more parts.
constexpr SampleTime kProgressMin{kSampleRate};

// The speech of a window from a time within it on.
split::Window RestOf(const split::Window& window, SampleTime from) {
  split::Window rest;
  rest.index = window.index;
  SampleTime passed{0};
  for (vad::SpeechSegment segment : window.segments) {
    const SampleTime length = segment.end - segment.begin;
    if (passed + length > from) {
      segment.begin += std::max(SampleTime{0}, from - passed);
      rest.segments.push_back(segment);
    }
    passed += length;
  }
  return rest;
}

// Says what became of the part's speech up to a time within it.
void AddCoverage(const split::Window& part, SampleTime until, Verdict verdict,
                 std::vector<transcript::CoverageSpan>& coverage) {
  const CoverageKind kind = verdict == Verdict::kAccepted ? CoverageKind::kTranscribed
                            : verdict == Verdict::kSilent ? CoverageKind::kNoSpeech
                                                          : CoverageKind::kUncertain;
  SampleTime passed{0};
  for (const vad::SpeechSegment& segment : part.segments) {
    const SampleTime length = std::min(segment.end - segment.begin, until - passed);
    if (length <= SampleTime{0}) break;
    coverage.push_back(
        {segment.begin, segment.begin + length, kind, std::string(VerdictReason(verdict))});
    passed += length;
  }
}

WorkerBytes BytesOf(const whisper::Model& model, const WorkerShape& shape) {
  const whisper::ModelShape& sizes = model.shape;
  const nn::AudioFormat audio = model.precision.audio;
  const uint64_t windows = shape.batch * BytesPerWindow(sizes, audio);
  return {windows + BytesPerWorker(sizes),
          windows + ReservedBytes(sizes, model.alignment_heads.size(), shape)};
}

// Its buffers go back to the system: the allocator keeps what was freed, for threads that are no
// more.
void Dismiss(std::optional<Worker>& worker) {
  worker.reset();
  malloc_trim(0);
}

}  // namespace

Worker::Worker(const std::shared_ptr<const whisper::Model>& model, const WorkerShape& shape,
               profile::StageMeter& meter)
    : model_(model),
      shape_(shape),
      pool_(shape.threads, &meter),
      mel_(model->shape.mels),
      mel_values_(model->shape.mels * whisper::kMelFrames),
      encoder_(model, pool_),
      decoder_(
          model,
          {shape.batch, shape.size.rows(shape.batch), shape.size.positions, model->precision.audio},
          pool_),
      seats_(shape.batch) {}

void Worker::Run(Turn& turn, WindowQueue& queue) {
  const StageScope scope(pool_.clock(), Stage::kResults);
  Admit(*decoder_.free_slot(), std::move(turn.first), queue);
  while (true) {
    for (size_t slot = 0; slot < seats_.size(); ++slot) {
      const Call* call = seats_[slot].job.call.get();
      if (call != nullptr && call->stop.stop_requested()) Vacate(slot, queue);
    }
    while (const std::optional<size_t> slot = decoder_.free_slot()) {
      std::optional<WindowJob> job = queue.TryTake(turn);
      if (!job) break;
      Admit(*slot, *std::move(job), queue);
    }
    if (decoder_.active() == 0) return;
    const std::span<const size_t> done = decoder_.Step();
    for (size_t slot : std::vector<size_t>(done.begin(), done.end())) {
      if (FinishTry(slot) == Next::kIsDone) Vacate(slot, queue);
    }
  }
}

void Worker::Admit(size_t slot, WindowJob job, WindowQueue& queue) {
  seats_[slot].job = std::move(job);
  seats_[slot].begun = std::chrono::steady_clock::now();
  if (Start(slot) == Next::kIsDone) Vacate(slot, queue);
}

void Worker::Abandon(const std::function<void(const WindowJob&)>& lose) {
  for (Seat& seat : seats_) {
    if (seat.job.call) lose(seat.job);
    seat.job = {};
  }
}

// The window is delivered, or its call was stopped.
void Worker::Vacate(size_t slot, WindowQueue& queue) {
  decoder_.Release(slot);
  const WindowJob job = std::exchange(seats_[slot], Seat{}).job;
  queue.Finish(job);
}

Worker::Next Worker::Start(size_t slot) {
  Seat& seat = seats_[slot];
  seat.part = seat.job.window;
  if (!Encode(slot, seat.job.samples) || !FindLanguage(slot)) return Next::kIsDone;
  Begin(slot, seat.candidates.front(), 0);
  return Next::kGoesOn;
}

// False: stopped.
bool Worker::Encode(size_t slot, std::span<const float> samples) {
  {
    const StageScope scope(pool_.clock(), Stage::kMel,
                           {whisper::kMelFrames * whisper::kMelFrameOperations, 0});
    mel_.Compute(samples, mel_values_);
  }
  const auto positions = whisper::AudioPositions::For(samples.size());
  const Result<std::span<const float>> states =
      encoder_.Encode(mel_values_, positions, seats_[slot].job.call->stop);
  if (!states) return false;
  decoder_.Admit(slot, *states, positions);
  return true;
}

// Without a confident guess there are several candidates; the likeliest text will decide. False:
// stopped.
bool Worker::FindLanguage(size_t slot) {
  constexpr float kCandidateMin = 0.1F;
  constexpr size_t kCandidatesMax = 4;
  Seat& seat = seats_[slot];
  LanguageTrack& track = seat.job.file->language();
  std::optional<whisper::LanguageGuess> language = seat.plan().language;
  if (!language) language = track.Settled(seat.job.window.index);
  if (language) {
    seat.candidates = {*language};
    return true;
  }
  const std::vector<whisper::LanguageGuess> guesses = decoder_.DetectLanguage(slot);
  seat.result.language_guesses = guesses;
  language = track.Resolve(seat.job.window.index, guesses, seat.job.call->stop);
  if (!language) return false;
  seat.candidates = {*language};
  if (language->probability >= LanguageTrack::kConfident) return true;
  for (const whisper::LanguageGuess& guess : guesses) {
    if (guess.probability < kCandidateMin || seat.candidates.size() == kCandidatesMax) break;
    if (guess.token != language->token) seat.candidates.push_back(guess);
  }
  return true;
}

std::vector<int32_t> Worker::StartSequence(const DecodingPlan& plan,
                                           const whisper::LanguageGuess& language) const {
  const whisper::SpecialTokens& special = model_->tokenizer.special();
  if (!plan.is_multilingual) return {special.start_of_transcript};
  return {special.start_of_transcript, language.token, plan.task_token};
}

std::string Worker::LanguageCode(const DecodingPlan& plan,
                                 const whisper::LanguageGuess& language) const {
  if (!plan.is_multilingual) return "en";
  return std::string(model_->tokenizer.LanguageCode(language.token).value_or("en"));
}

// `attempt` counts the temperatures.
void Worker::Begin(size_t slot, const whisper::LanguageGuess& language, size_t attempt) {
  Seat& seat = seats_[slot];
  const DecodingPlan& plan = seat.plan();
  std::vector<int32_t> prompt = plan.previous;
  const std::vector<int32_t> start = StartSequence(plan, language);
  prompt.insert(prompt.end(), start.begin(), start.end());
  if (plan.segment_times == SegmentTimes::kAlignment) {
    prompt.push_back(model_->tokenizer.special().no_timestamps);
  }
  whisper::SearchOptions options = plan.tries[attempt];
  options.seed = static_cast<uint64_t>(seat.part.begin().count()) * plan.tries.size() + attempt;
  Attempt started;
  started.language = language;
  seat.attempts.push_back(std::move(started));
  decoder_.Begin(slot, std::move(prompt), options, *plan.rules);
}

// First every candidate language is tried; then, if the text is rejected or unsure, the likeliest
// of them with more beams, and if it is still rejected, at other temperatures.
Worker::Next Worker::FinishTry(size_t slot) {
  Seat& seat = seats_[slot];
  const DecodingPlan& plan = seat.plan();
  Attempt& attempt = seat.attempts.back();
  attempt.run = decoder_.Take(slot);
  attempt.text = model_->tokenizer.Decode(attempt.run.tokens);
  attempt.compression_ratio = whisper::CompressionRatio(attempt.text);
  const size_t tried = seat.attempts.size();
  if (tried < seat.candidates.size()) {
    Begin(slot, seat.candidates[tried], 0);
    return Next::kGoesOn;
  }
  const size_t tries = tried - seat.candidates.size() + 1;
  const bool has_looked_twice = plan.has_second_look && tries == 2;
  const size_t best = LeastBad(seat.attempts, plan.limits);
  const size_t judged = tries == 1 || has_looked_twice ? best : tried - 1;
  const Verdict verdict = Judge(seat.attempts[judged], LimitsFor(plan.limits, seat.part.length()));
  const bool is_rejected = verdict == Verdict::kRepetitive || verdict == Verdict::kImprobable;
  const bool is_unsure = plan.has_second_look && tries == 1 && verdict == Verdict::kAccepted &&
                         IsUnsure(seat.attempts[judged]);
  if ((is_rejected || is_unsure) && tries < plan.tries.size()) {
    Begin(slot, seat.attempts[best].language, tries);
    return Next::kGoesOn;
  }
  return FinishPart(slot, is_rejected ? best : judged);
}

Worker::Next Worker::FinishPart(size_t slot, size_t kept) {
  Seat& seat = seats_[slot];
  const Attempt attempt = std::move(seat.attempts[kept]);
  const SampleTime length = seat.part.length();
  const Verdict verdict = Judge(attempt, LimitsFor(seat.plan().limits, length));
  SampleTime done = length;
  if (verdict != Verdict::kSilent) {
    const SampleTime end_of_text = AddText(seat, slot, attempt);
    if (verdict == Verdict::kAccepted && length - end_of_text >= kRestMin &&
        end_of_text >= kProgressMin) {
      done = end_of_text;
    }
  }
  AddCoverage(seat.part, done, verdict, seat.result.coverage);
  if (seat.part.begin() == seat.job.window.begin()) {
    seat.result.language = LanguageCode(seat.plan(), attempt.language);
    seat.result.language_probability = attempt.language.probability;
  }
  if (done == length) {
    seat.result.window = std::move(seat.job.window);
    seat.result.took = std::chrono::steady_clock::now() - seat.begun;
    seat.job.call->collector.Deliver(*seat.job.file, std::move(seat.result));
    return Next::kIsDone;
  }
  decoder_.Release(slot);
  seat.part = RestOf(seat.part, done);
  seat.candidates = {attempt.language};
  seat.attempts.clear();
  const auto rest = static_cast<size_t>(seat.part.length().count());
  if (!Encode(slot, std::span<const float>(seat.job.samples).last(rest))) return Next::kIsDone;
  Begin(slot, attempt.language, 0);
  return Next::kGoesOn;
}

// Adds the attempt's segments to the result; returns where, within the part, the text ends.
SampleTime Worker::AddText(Seat& seat, size_t slot, const Attempt& attempt) {
  std::vector<int32_t> text;
  std::vector<float> logprobs;
  std::vector<TimedPart> parts =
      SplitTimedRun(attempt.run, model_->tokenizer.special(), seat.part.length(), text, logprobs);
  const bool has_times = seat.plan().segment_times == SegmentTimes::kTokens && !parts.empty();
  const SampleTime last_time = has_times ? parts.back().to : seat.part.length();
  if (!has_times) parts.clear();
  const auto frames =
      static_cast<size_t>((seat.part.length() + kTimestampStep - SampleTime{1}) / kTimestampStep);
  const std::vector<int32_t> begins = decoder_.Align(
      slot, StartSequence(seat.plan(), attempt.language), text, std::max<size_t>(frames, 1));
  std::vector<transcript::Segment> segments =
      MakeSegments({text, logprobs, begins}, model_->tokenizer,
                   LanguageCode(seat.plan(), attempt.language), seat.part, parts);
  for (transcript::Segment& segment : segments) {
    segment.avg_logprob = attempt.run.avg_logprob;
    segment.compression_ratio = attempt.compression_ratio;
    segment.no_speech_prob = attempt.run.no_speech_prob;
    segment.temperature = attempt.run.temperature;
    seat.result.segments.push_back(std::move(segment));
  }
  return has_times ? last_time : std::min(kTimestampStep * begins.back(), seat.part.length());
}

WorkerPool::WorkerPool(const std::shared_ptr<const whisper::Model>& model,
                       const WindowQueue::Options& options, profile::StageMeter& meter,
                       std::atomic<int>& busy)
    : model_(model), meter_(meter), busy_(busy), queue_(options) {
  Resize(options);
}

WorkerPool::~WorkerPool() = default;

// A worker that the queue misses has left, so its old thread is at its end, if there is one. It is
// waited for, since it may still have to give back its memory.
void WorkerPool::Resize(const WindowQueue::Options& options) {
  {
    MutexLock lock(memory_mutex_);
    memory_.Offer(FreeMemoryBytes(), AddressSpaceBytes());
  }
  WindowQueue::Options guarded = options;
  guarded.has_room = [this](size_t number, const WorkerShape& shape, Need need) {
    return HasRoom(number, shape, need);
  };
  MutexLock lock(mutex_);
  for (const size_t number : queue_.Resize(guarded)) {
    threads_.erase(number);
    threads_.emplace(number, [this, number] { Work(number); });
  }
}

bool WorkerPool::HasRoom(size_t number, const WorkerShape& shape, Need need) {
  MutexLock lock(memory_mutex_);
  return memory_.Claim(number, BytesOf(*model_, shape), need);
}

// Each turn's worker is the one before if that has the right shape.
void WorkerPool::Work(size_t number) {
  kernels::PrepareThread();
  std::optional<Worker> worker;
  while (std::optional<Turn> turn = AwaitTurn(number, worker)) {
    ++busy_;
    const Result<void> done = Contain([&] { RunTurn(*turn, worker); });
    if (!done) GiveUp(*turn, worker, done.error());
    --busy_;
    queue_.EndTurn(*turn);
  }
  if (worker) Dismiss(worker);
  MutexLock lock(memory_mutex_);
  memory_.Release(number);
}

void WorkerPool::RunTurn(Turn& turn, std::optional<Worker>& worker) {
  if (!worker || worker->shape() != turn.shape) {
    if (worker) Dismiss(worker);  // so that there are never the buffers of both
    worker.emplace(model_, turn.shape, meter_);
  }
  worker->Run(turn, queue_);
}

void WorkerPool::GiveUp(Turn& turn, std::optional<Worker>& worker, const Error& error) {
  const std::function<void(const WindowJob&)> lose = [&](const WindowJob& job) {
    Insist([&] { job.call->collector.Failed(*job.file, error); });
    queue_.Finish(job);
  };
  if (worker) worker->Abandon(lose);
  if (turn.first.call) lose(turn.first);
  if (worker) Dismiss(worker);
}

// A thread that has no worker yet has left its share to the others: its waiting is nobody's time.
std::optional<Turn> WorkerPool::AwaitTurn(size_t number, std::optional<Worker>& worker) {
  if (!worker) return queue_.Await(number);
  const StageScope scope(worker->clock(), Stage::kWindowWait);
  return queue_.Await(number, worker->shape());
}

}  // namespace verbatim::pipeline
