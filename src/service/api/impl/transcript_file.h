// A transcript as a file: how a client wants it, and how it is called.
#pragma once

#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "jobs/job_options.h"
#include "transcript/cue.h"
#include "transcript/writers.h"

namespace verbatim::api {

struct FileShape {
  transcript::CueOptions cues;
  transcript::WordTimes words = transcript::WordTimes::kOmit;
};

// The job's shape of subtitles, and what the address says instead: the cue options and `words`.
// Errors: kInvalidArgument.
Result<FileShape> ReadFileShape(const http::Request& request, const jobs::JobOptions& job);

std::string_view ContentType(transcript::Format format);

}  // namespace verbatim::api
