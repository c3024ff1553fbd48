// The front half of the path for one file: audio, speech, windows. Runs on the reader's thread and
// hands each window, with its audio, to the queue; those that an earlier run finished, with their
// results, to the collector.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "media/audio_reader.h"
#include "pipeline/file_track.h"
#include "pipeline/transcribe.h"
#include "pipeline/window_queue.h"
#include "profile/stage_meter.h"
#include "vad/segmenter.h"
#include "vad/speech_detector.h"

namespace verbatim::pipeline {

class WindowReader {
 public:
  // The clock is that of the reader's thread. Without a sandbox, files are read in this process.
  WindowReader(WindowQueue::Place& place, std::shared_ptr<Call> call,
               const TranscribeOptions& options, profile::StageClock& clock,
               sandbox::Launcher* sandbox);

  // Reads a file to its end. What goes wrong is told to the collector. Returns early if the call is
  // stopped.
  void Read(FileTrack& track, const FileRequest& request);

 private:
  Result<FileSummary> ReadAll(FileTrack& track, const FileRequest& request);
  Result<std::unique_ptr<media::AudioReader>> Open(const FileRequest& request) const;
  bool HandOver(FileTrack& track, const FileRequest& request, std::vector<WindowJob> jobs);

  WindowQueue::Place& place_;
  std::shared_ptr<Call> call_;
  profile::StageClock& clock_;
  sandbox::Launcher* sandbox_;
  vad::SegmenterOptions segmenter_options_;
  vad::SpeechDetector detector_;
};

}  // namespace verbatim::pipeline
