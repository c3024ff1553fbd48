// What events say of jobs, as JSON.
#pragma once

#include <cstdint>
#include <string>

#include "jobs/jobs.h"
#include "store/jobs.h"
#include "transcript/transcript.h"

namespace verbatim::jobs {

// {"job", "share", "position_s", "duration_s", "speed", "eta_s"}.
std::string ProgressJson(const store::Job& job, const Pace& pace);

enum class Words { kOmit, kWrite };

// {"job", "index", "start", "end", "text"}, with "words" if asked for. Times are seconds.
std::string SegmentJson(const std::string& job, int64_t index, const transcript::Segment& segment,
                        Words words);

}  // namespace verbatim::jobs
