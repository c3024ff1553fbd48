// The front half of the path for one file: audio, speech, windows. Runs on the reader's thread and
// hands each window, with its audio, to the queue.
#pragma once

#include <stop_token>

#include "base/error.h"
#include "pipeline/collector.h"
#include "pipeline/transcribe.h"
#include "pipeline/window_queue.h"
#include "profile/stage_meter.h"
#include "vad/segmenter.h"
#include "vad/speech_detector.h"

namespace verbatim::pipeline {

class WindowReader {
 public:
  // The clock is that of the reader's thread.
  WindowReader(WindowQueue& queue, Collector& collector, const TranscribeOptions& options,
               profile::StageClock& clock);

  // Reads a file to its end. What goes wrong is told to the collector. Returns early if stopped.
  void Read(FileTrack& track, const FileRequest& request, const std::stop_token& stop);

 private:
  Result<FileSummary> ReadAll(FileTrack& track, const FileRequest& request,
                              const std::stop_token& stop);

  WindowQueue& queue_;
  Collector& collector_;
  profile::StageClock& clock_;
  vad::SegmenterOptions segmenter_options_;
  vad::SpeechDetector detector_;
};

}  // namespace verbatim::pipeline
