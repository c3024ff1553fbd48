// What happens during a run, told to whoever watches: a person at a terminal, a program that reads
// JSON lines, or nobody.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "base/error.h"
#include "exit_code.h"
#include "models/models.h"
#include "pipeline/transcribe.h"
#include "transcript/transcript.h"

namespace verbatim::app {

struct RunStart {
  std::string model;
  pipeline::Engine::Shape shape;
  std::vector<std::string> files;
};

struct FileDone {
  size_t file = 0;
  std::string path;
  double duration_seconds = 0;  // of the audio
  double elapsed_seconds = 0;   // since the run's start or the file before
  size_t word_count = 0;
  std::string language;              // code
  std::vector<std::string> outputs;  // empty: standard output
  std::vector<std::string> warnings;
};

struct FileFailed {
  size_t file = 0;
  std::string path;
  Error error;
};

struct RunEnd {
  size_t file_count = 0;
  size_t failed_count = 0;
  double elapsed_seconds = 0;
  ExitCode exit_code = ExitCode::kSuccess;
};

// Thread: one call at a time.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void OnPull(const std::string& model, const models::PullProgress& progress) = 0;
  virtual void OnLoading(const std::string& model) = 0;
  virtual void OnStart(const RunStart& start) = 0;
  virtual void OnProgress(const pipeline::Progress& progress) = 0;
  virtual void OnSegment(size_t file, const transcript::Segment& segment) = 0;
  virtual void OnFileDone(const FileDone& done) = 0;
  virtual void OnFileFailed(const FileFailed& failed) = 0;
  virtual void OnWarning(const std::string& message) = 0;
  virtual void OnError(const Error& error) = 0;  // that ends the run
  virtual void OnEnd(const RunEnd& end) = 0;
  // Work that is counted in bytes, of the commands that have no events: it is only drawn.
  virtual void OnBytes(const std::string& /*doing*/, uint64_t /*done*/, uint64_t /*total*/) {}
};

struct ReportSettings {
  ProgressMode progress = ProgressMode::kAuto;
  bool is_verbose = false;
  bool stdout_is_result = false;  // then nothing else may be written there
};

// The reporter that fits the settings and what standard error is.
std::unique_ptr<Reporter> MakeReporter(const ReportSettings& settings);

// A message for a person: "verbatim: MESSAGE" on standard error.
void Complain(std::string_view message);

}  // namespace verbatim::app
