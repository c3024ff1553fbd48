// The table of job samples: what a job was, what it took, and what had been predicted. Predictions
// are learned from it; it outlives its jobs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

struct JobSample {
  std::string job;  // id
  int64_t finished_ms = 0;
  std::string model;
  std::string ending;  // of the file's name: "mp4"
  uint64_t file_bytes = 0;
  double audio_s = 0;
  int workers = 0;  // of the engine, when it began
  int batch = 0;
  int beams = 0;
  bool is_language_given = false;
  int others = 0;  // jobs that ran when it began
  int cores = 0;
  double load = 0;  // when it began
  double waited_s = 0;
  double worked_s = 0;
  uint64_t peak_bytes = 0;  // of the process, while it ran
  // What was expected before it began. 0: nothing was.
  double assumed_audio_s = 0;
  double predicted_s = 0;  // by the regression
  double predicted_bytes = 0;
  double rule_s = 0;  // by the rule
  double rule_bytes = 0;
};

// Appends it.
Result<void> InsertJobSample(Connection& connection, const JobSample& sample);
// The newest, in the order of their ends.
Result<std::vector<JobSample>> NewestJobSamples(Connection& connection, size_t count);
// Drops all but the newest.
Result<void> TrimJobSamples(Connection& connection, size_t count);

}  // namespace verbatim::store
