// Errors as clients see them: application/problem+json (RFC 9457) with a stable `code`.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace verbatim::api {

// {"type":"about:blank","title":...,"status":...,"code":"not_found","detail":...}. kInternal, kIo
// and kCorruptModel keep their details for the log.
http::Response ProblemFor(const Error& error);

// What the HTTP server itself refuses.
http::Response ProblemForStatus(int status, std::string_view detail);

// The same with members of its own (RFC 9457, 3.2).
http::Response ExtendedProblem(int status, std::string_view detail,
                               const boost::json::object& more);

// The status of each code.
int StatusOf(ErrorCode code);

// Whether an error's message is for the log alone.
bool IsSecret(ErrorCode code);

// An error's message, or what clients are told in its place.
std::string PublicDetail(const Error& error);

}  // namespace verbatim::api
