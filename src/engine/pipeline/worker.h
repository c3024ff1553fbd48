// The back half of the path: takes windows from the queue, encodes them, decodes a batch of them
// together, judges and aligns the text, and delivers results. The windows of a batch may come from
// different calls, with different plans. Each worker has buffers and threads of its own over the
// shared model.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "kernels/thread_pool.h"
#include "pipeline/decoding_plan.h"
#include "pipeline/judgement.h"
#include "pipeline/window_queue.h"
#include "pipeline/worker_memory.h"
#include "profile/stage_meter.h"
#include "whisper/batch_decoder.h"
#include "whisper/encoder.h"
#include "whisper/mel.h"
#include "whisper/model.h"

namespace verbatim::pipeline {

class Worker {
 public:
  // The meter hears how the time of the worker's threads is spent. Thread: the one that calls Run,
  // prepared.
  Worker(const std::shared_ptr<const whisper::Model>& model, const WorkerShape& shape,
         profile::StageMeter& meter);

  const WorkerShape& shape() const { return shape_; }
  profile::StageClock& clock() { return pool_.clock(); }

  // Works from the turn's first window, which it takes, until it has none. Windows of a call that
  // was stopped leave before the next step.
  void Run(Turn& turn, WindowQueue& queue);

  // After Run ended in an exception: takes away the windows that it had, each of which is told to
  // `lose`. The worker is of no use any more.
  void Abandon(const std::function<void(const WindowJob&)>& lose);

 private:
  // A window in a slot of the batch. Where the text ends before the speech does, the rest is done
  // as a part of its own.
  struct Seat {
    WindowJob job;                                   // without a call: the seat is empty
    split::Window part;                              // of the window; at first all of it
    std::vector<whisper::LanguageGuess> candidates;  // languages it may be in, likeliest first
    std::vector<Attempt> attempts;  // at this part: one per candidate, then one per temperature
    WindowResult result;            // of the parts before
    std::chrono::steady_clock::time_point begun;

    const DecodingPlan& plan() const { return job.call->plan; }
  };

  // What is to happen with a seat's window.
  enum class Next { kGoesOn, kIsDone };

  void Admit(size_t slot, WindowJob job, WindowQueue& queue);
  void Vacate(size_t slot, WindowQueue& queue);
  Next Start(size_t slot);
  bool Encode(size_t slot, std::span<const float> samples);
  bool FindLanguage(size_t slot);
  void Begin(size_t slot, const whisper::LanguageGuess& language, size_t attempt);
  Next FinishTry(size_t slot);
  Next FinishPart(size_t slot, size_t kept);
  SampleTime AddText(Seat& seat, size_t slot, const Attempt& attempt);
  std::vector<int32_t> StartSequence(const DecodingPlan& plan,
                                     const whisper::LanguageGuess& language) const;
  std::string LanguageCode(const DecodingPlan& plan, const whisper::LanguageGuess& language) const;

  std::shared_ptr<const whisper::Model> model_;
  WorkerShape shape_;
  kernels::ThreadPool pool_;
  whisper::MelSpectrogram mel_;
  std::vector<float> mel_values_;
  whisper::Encoder encoder_;
  whisper::BatchDecoder decoder_;
  std::vector<Seat> seats_;
};

// The workers of an engine, over the queue of all its calls. Lives from the first call until no
// call is left.
class WorkerPool {
 public:
  // `busy` counts the workers that have a window. Model, meter and count must outlive the pool.
  WorkerPool(const std::shared_ptr<const whisper::Model>& model,
             const WindowQueue::Options& options, profile::StageMeter& meter,
             std::atomic<int>& busy);
  // Waits for the workers, which finish what they have.
  ~WorkerPool();

  WindowQueue& queue() { return queue_; }

  // Changes how many workers there are, and what they are made for: WindowQueue::Resize. Further
  // ones start now; those too many end with their turns, and their memory goes back to the system.
  // Thread: any but a worker's.
  void Resize(const WindowQueue::Options& options);

 private:
  bool HasRoom(size_t number, const WorkerShape& shape, Need need);
  void Work(size_t number);
  void RunTurn(Turn& turn, std::optional<Worker>& worker);
  // Memory ran out in this turn: the files of its windows fail.
  void GiveUp(Turn& turn, std::optional<Worker>& worker, const Error& error);
  std::optional<Turn> AwaitTurn(size_t number, std::optional<Worker>& worker);

  std::shared_ptr<const whisper::Model> model_;
  profile::StageMeter& meter_;
  std::atomic<int>& busy_;
  Mutex memory_mutex_;
  WorkerMemory memory_ GUARDED_BY(memory_mutex_);
  WindowQueue queue_;
  Mutex mutex_;
  std::map<size_t, std::jthread> threads_ GUARDED_BY(mutex_);  // by the worker's number
  // Last, so that workers leave before they are waited for, also those of a pool of which not all
  // could be started.
  struct Closer {
    WindowQueue& queue;
    ~Closer() { queue.Close(); }
  };
  const Closer closer_{queue_};
};

}  // namespace verbatim::pipeline
