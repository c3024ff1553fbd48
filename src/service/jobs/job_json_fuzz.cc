// Any bytes as a request for a job or for a change of one: refused with a reason, or options that
// survive writing and reading, which is what the ledger relies on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "jobs/job_labels.h"
#include "jobs/job_options.h"
#include "jobs/jobs.h"

namespace jobs = verbatim::jobs;
using verbatim::ErrorCode;

namespace {

template <typename T>
bool IsTaken(const verbatim::Result<T>& result) {
  if (result) return true;
  CHECK(result.error().code == ErrorCode::kInvalidArgument && !result.error().message.empty());
  return false;
}

void CheckOptions(const jobs::JobOptions& options) {
  const std::string json = jobs::JobOptionsJson(options);
  const auto again = jobs::ParseJobOptions(json);
  CHECK(again.has_value());
  CHECK(jobs::JobOptionsJson(*again) == json);
  CHECK(jobs::TranscriptKey(*again) == jobs::TranscriptKey(options));
  CHECK(verbatim::transcript::ValidateCueOptions(options.cues).has_value());
}

void CheckLabels(const std::string& title, const std::vector<std::string>& tags) {
  CHECK(jobs::CheckedTitle(title) == title);
  CHECK(jobs::CheckedTags(tags) == tags);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto options = jobs::ParseJobOptions(text); IsTaken(options)) CheckOptions(*options);
  if (const auto request = jobs::ParseJobRequest(text); IsTaken(request)) {
    CheckOptions(request->options);
    CHECK(request->priority >= jobs::kPriorityMin && request->priority <= jobs::kPriorityMax);
    CheckLabels(request->title, request->tags);
  }
  if (const auto change = jobs::ParseJobChange(text); IsTaken(change)) {
    CHECK(change->priority || change->title || change->tags);
    CheckLabels(change->title.value_or(""), change->tags.value_or(std::vector<std::string>()));
  }
  return 0;
}
