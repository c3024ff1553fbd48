#include "pipeline/collector.h"

#include <algorithm>
#include <utility>

namespace verbatim::pipeline {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{100};
constexpr double kShareBeforeEnd = 0.99;  // only a whole file has a share of 1

}  // namespace

Collector::Collector(std::span<const FileRequest> files, const TranscribeEvents& events,
                     RunTraits traits)
    : events_(events), traits_(std::move(traits)), paces_(files.size()) {
  for (size_t i = 0; i < files.size(); ++i) {
    files_.push_back(std::make_unique<FileTrack>(i, files[i].path.string()));
  }
}

void Collector::Reading(FileTrack& file, SampleTime estimate, double share) {
  MutexLock lock(mutex_);
  if (is_closed_) return;
  Pace& pace = paces_[file.index()];
  pace.estimate = estimate;
  pace.share_read = share;
  SendProgress(file, false);
}

void Collector::Read(FileTrack& file, FileSummary summary) {
  MutexLock lock(mutex_);
  if (is_closed_) return;
  file.Summarize(std::move(summary));
  SendWholeFiles();
}

void Collector::Failed(FileTrack& file, Error error) {
  MutexLock lock(mutex_);
  if (is_closed_) return;
  file.Fail(std::move(error));
  SendWholeFiles();
}

void Collector::Planned(FileTrack& file, const split::SplitPlan& plan) {
  MutexLock lock(mutex_);
  if (!is_closed_ && events_.on_plan) events_.on_plan(file.index(), plan);
}

void Collector::Resume(FileTrack& file, WindowResult result) {
  MutexLock lock(mutex_);
  if (!is_closed_) Take(file, std::move(result));
}

void Collector::Deliver(FileTrack& file, WindowResult result) {
  MutexLock lock(mutex_);
  if (is_closed_) return;
  if (events_.on_window) events_.on_window(file.index(), result);
  Take(file, std::move(result));
}

void Collector::Warn(const std::string& message) {
  MutexLock lock(mutex_);
  if (!is_closed_ && events_.on_warning) events_.on_warning(message);
}

void Collector::Close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
}

void Collector::Take(FileTrack& file, WindowResult result) {
  for (const transcript::Segment& segment : file.Deliver(std::move(result))) {
    if (events_.on_segment) events_.on_segment(file.index(), segment);
  }
  SendProgress(file, false);
  SendWholeFiles();
}

void Collector::SendWholeFiles() {
  for (; next_file_ < files_.size() && files_[next_file_]->is_whole(); ++next_file_) {
    FileTrack& file = *files_[next_file_];
    if (file.error()) {
      if (events_.on_file) events_.on_file(next_file_, Failure(*file.error()));
      continue;
    }
    SendProgress(file, true);
    transcript::Transcript whole = file.Assemble();
    whole.task = traits_.task;
    whole.model = traits_.model;
    if (whole.language.empty()) whole.language = traits_.language;
    if (events_.on_file) events_.on_file(next_file_, std::move(whole));
  }
}

void Collector::SendProgress(const FileTrack& file, bool is_forced) {
  if (!events_.on_progress) return;
  Pace& pace = paces_[file.index()];
  const auto now = std::chrono::steady_clock::now();
  if (!is_forced && now - pace.reported < kProgressInterval) return;
  pace.reported = now;
  Progress progress;
  progress.file = file.index();
  progress.position = file.position();
  if (is_forced) {
    progress.position = progress.duration = *file.duration();
    pace.share = 1;
  } else {
    // A container may claim anything: the file is at least as long as what is finished.
    if (pace.estimate > SampleTime{0})
      progress.duration = std::max(file.duration().value_or(pace.estimate), progress.position);
    const double share = progress.duration > SampleTime{0}
                             ? ToSeconds(progress.position) / ToSeconds(progress.duration)
                             : pace.share_read;
    pace.share = std::max(pace.share, std::min(share, kShareBeforeEnd));
  }
  progress.share = pace.share;
  events_.on_progress(progress);
}

}  // namespace verbatim::pipeline
