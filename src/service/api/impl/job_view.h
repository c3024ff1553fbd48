// A job with what belongs to it, as endpoints need it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/api.h"
#include "base/error.h"
#include "store/jobs.h"
#include "store/uploads.h"

namespace verbatim::api {

struct JobView {
  store::Job job;
  std::optional<store::Upload> upload;

  // As the client named the file; empty: it did not.
  std::string filename() const { return upload ? upload->filename : std::string(); }
};

// Errors: kNotFound. May block.
Result<JobView> FindJobView(const Services& services, std::string_view id);

// A job with its upload, within a transaction.
Result<JobView> ViewOf(store::Connection& connection, store::Job job);

// The job as clients see it: jobs::JobJson.
std::string JobText(const Services& services, const JobView& view);
std::string JobText(const Services& services, const store::Job& job);

}  // namespace verbatim::api
