// The back half of the path: takes windows from the queue, encodes them, decodes a batch of them
// together, judges and aligns the text, and delivers results. Each worker has buffers and threads
// of its own over the shared model.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/error.h"
#include "kernels/thread_pool.h"
#include "pipeline/collector.h"
#include "pipeline/decoding_plan.h"
#include "pipeline/judgement.h"
#include "pipeline/transcribe.h"
#include "pipeline/window_queue.h"
#include "profile/stage_meter.h"
#include "whisper/batch_decoder.h"
#include "whisper/encoder.h"
#include "whisper/mel.h"
#include "whisper/model.h"

namespace verbatim::pipeline {

class Worker {
 public:
  struct Shape {
    size_t threads = 1;
    size_t batch = 1;
  };
  // The meter hears how the time of the worker's threads is spent. Thread: the one that calls Run.
  Worker(const std::shared_ptr<const whisper::Model>& model, const DecodingPlan& plan,
         const Shape& shape, profile::StageMeter& meter);

  // Works until the queue is closed and empty, or stopped. Thread: one, which it prepares.
  void Run(WindowQueue& queue, Collector& collector, const std::stop_token& stop);

 private:
  // A window in a slot of the batch. Where the text ends before the speech does, the rest is done
  // as a part of its own.
  struct Seat {
    WindowJob job;
    split::Window part;                              // of the window; at first all of it
    std::vector<whisper::LanguageGuess> candidates;  // languages it may be in, likeliest first
    std::vector<Attempt> attempts;  // at this part: one per candidate, then one per temperature
    WindowResult result;            // of the parts before
  };

  std::optional<WindowJob> Next(WindowQueue& queue, const std::stop_token& stop);
  bool Start(size_t slot, WindowJob job, const std::stop_token& stop);
  bool Encode(size_t slot, std::span<const float> samples, const std::stop_token& stop);
  bool FindLanguage(size_t slot, const std::stop_token& stop);
  void Begin(size_t slot, const whisper::LanguageGuess& language, size_t attempt);
  bool FinishTry(size_t slot, Collector& collector, const std::stop_token& stop);
  bool FinishPart(size_t slot, size_t kept, Collector& collector, const std::stop_token& stop);
  SampleTime AddText(Seat& seat, size_t slot, const Attempt& attempt);
  std::vector<int32_t> StartSequence(const whisper::LanguageGuess& language) const;
  std::string LanguageCode(const whisper::LanguageGuess& language) const;

  std::shared_ptr<const whisper::Model> model_;
  const DecodingPlan& plan_;
  kernels::ThreadPool pool_;
  whisper::MelSpectrogram mel_;
  std::vector<float> mel_values_;
  whisper::Encoder encoder_;
  whisper::BatchDecoder decoder_;
  std::vector<Seat> seats_;
};

}  // namespace verbatim::pipeline
