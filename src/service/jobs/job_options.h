// What a client asks of a job, as JSON and as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "pipeline/transcribe.h"
#include "transcript/cue.h"

namespace verbatim::jobs {

struct JobOptions {
  std::string model;  // empty: the server's default
  std::string language = "auto";
  pipeline::Task task = pipeline::Task::kTranscribe;
  std::string prompt;
  std::string hotwords;
  int beam_size = 1;
  std::vector<float> temperatures;  // empty: the engine's own
  bool has_word_timestamps = false;
  std::optional<int> audio_track;
  std::vector<std::string> formats;  // that the client wants listed; empty: all
  transcript::CueOptions cues;       // the shape of subtitles
  std::string webhook;               // an address that is told of its end; empty: none
  bool is_reusing = true;            // a stored transcript of the same content and options will do
};

// Errors: kInvalidArgument with the field's name, its value and what is allowed; unknown fields
// too.
Result<JobOptions> ParseJobOptions(std::string_view json);

// With all fields in a fixed order: equal options give equal texts.
std::string JobOptionsJson(const JobOptions& options);

// The options that change the transcript, in a fixed order: what makes a stored one reusable.
std::string TranscriptKey(const JobOptions& options);

// What the engine is told.
pipeline::TranscribeOptions ToTranscribeOptions(const JobOptions& options);

}  // namespace verbatim::jobs
