// Brings together what reader and workers report and passes it on: segments in the order of each
// file, whole transcripts in the order of the files, progress now and then. The only caller of the
// events, one call at a time.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "pipeline/file_track.h"
#include "pipeline/transcribe.h"

namespace verbatim::pipeline {

// What every transcript of a run has in common.
struct RunTraits {
  std::string task;
  std::string model;
  std::string language;  // of transcripts without any window; "" if it was to be detected
};

class Collector {
 public:
  Collector(std::span<const FileRequest> files, const TranscribeEvents& events, RunTraits traits);

  FileTrack& file(size_t index) { return *files_[index]; }

  // From the reader. `estimate` is the length the container claims, 0 if unknown; `share` how much
  // of the file is read.
  void Reading(FileTrack& file, SampleTime estimate, double share);
  void Read(FileTrack& file, FileSummary summary);
  void Failed(FileTrack& file, Error error);

  // Also from the reader: how the file will be split, and a window that an earlier run finished.
  void Planned(FileTrack& file, const split::SplitPlan& plan);
  void Resume(FileTrack& file, WindowResult result);

  // From the workers.
  void Deliver(FileTrack& file, WindowResult result);

  // From the run itself.
  void Warn(const std::string& message);

  // From now on no event is sent, whatever is reported. Waits for one that is being sent.
  void Close();

 private:
  struct Pace {
    SampleTime estimate{0};
    double share_read = 0;
    double share = 0;  // as reported last
    std::chrono::steady_clock::time_point reported{};
  };

  void Take(FileTrack& file, WindowResult result) REQUIRES(mutex_);
  void SendWholeFiles() REQUIRES(mutex_);
  void SendProgress(const FileTrack& file, bool is_forced) REQUIRES(mutex_);

  const TranscribeEvents& events_;
  const RunTraits traits_;
  Mutex mutex_;
  std::vector<std::unique_ptr<FileTrack>> files_;
  std::vector<Pace> paces_ GUARDED_BY(mutex_);
  size_t next_file_ GUARDED_BY(mutex_) = 0;  // files before it have been sent
  bool is_closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace verbatim::pipeline
