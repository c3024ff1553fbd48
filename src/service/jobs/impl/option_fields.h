// The fields of a job's options, for those who read them with others beside them.
#pragma once

#include <vector>

#include "jobs/impl/json_fields.h"
#include "jobs/job_options.h"

namespace verbatim::jobs {

// They write to `options`, which outlives them.
std::vector<JsonField> OptionFields(JobOptions& options);

}  // namespace verbatim::jobs
