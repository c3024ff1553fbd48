// One file on its way: what its reader found, what its workers finished, and the transcript that
// comes of both. Results arrive in any order and leave in the order of the windows.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "media/audio_reader.h"
#include "pipeline/language_track.h"
#include "pipeline/window_result.h"
#include "transcript/transcript.h"

namespace verbatim::pipeline {

// What is known once a file has been read to its end.
struct FileSummary {
  SampleTime duration{0};
  int64_t windows = 0;
  std::vector<media::AudioReader::Damage> damages;
};

// Thread: the reader and the workers call it under the collector's mutex, but for language(), which
// guards itself.
class FileTrack {
 public:
  FileTrack(size_t index, std::string source) : index_(index), source_(std::move(source)) {}

  size_t index() const { return index_; }
  const std::string& source() const { return source_; }
  LanguageTrack& language() { return language_; }

  // Takes a window's result; returns the segments that are now next in line.
  std::vector<transcript::Segment> Deliver(WindowResult result);

  // From the reader: the file was read to its end, or could not be.
  void Summarize(FileSummary summary) { summary_ = std::move(summary); }
  void Fail(Error error) { error_ = std::move(error); }

  // True once it failed, or was read and all its windows are in.
  bool is_whole() const;
  const std::optional<Error>& error() const { return error_; }

  // The end of the last window before which everything is finished.
  SampleTime position() const { return position_; }
  std::optional<SampleTime> duration() const;

  // Precondition: is_whole() without an error. Empties the track.
  transcript::Transcript Assemble();

 private:
  size_t index_;
  std::string source_;
  LanguageTrack language_;
  std::optional<FileSummary> summary_;
  std::optional<Error> error_;
  std::map<int64_t, WindowResult> early_;  // finished, but not yet in line
  int64_t next_window_ = 0;
  SampleTime position_{0};
  std::vector<transcript::Segment> segments_;
  std::vector<transcript::CoverageSpan> coverage_;
  std::map<std::string, std::pair<int64_t, float>>
      languages_;  // code -> windows, sum of probabilities
};

}  // namespace verbatim::pipeline
