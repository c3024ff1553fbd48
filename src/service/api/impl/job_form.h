// What a client asks of a job: a JSON object, or the fields of a form, which say the same.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/form.h"
#include "base/error.h"
#include "http/message.h"
#include "jobs/jobs.h"

namespace verbatim::api {

// Fields as a job request: "options" holds a JSON object; each other field is one option, its value
// as JSON or as plain text; a list may have commas. A field wins over the same in "options".
// Errors: kInvalidArgument.
Result<boost::json::object> RequestOfFields(const std::vector<FormField>& fields);

// Errors: kInvalidArgument.
Result<jobs::JobRequest> ParseRequestObject(const boost::json::object& request);

// The Idempotency-Key of a request; empty: none. Errors: kInvalidArgument.
Result<std::string> IdempotencyKey(const http::Request& request);

}  // namespace verbatim::api
