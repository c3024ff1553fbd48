// What is asked of the access of a data folder, as JSON in and out: the same whether a server has
// the folder, and is asked through its socket, or nobody does.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>

#include "access/access.h"
#include "base/error.h"

namespace verbatim::app {

// {"do": "token create", "name": ..., "scope": ..., "lifetime_ms": ...}: the token and its secret;
// {"do": "token list"}; {"do": "token revoke", "id": ...}; {"do": "audit", "since_ms", "limit"}.
// An object {"error": {"code", "message"}} if it fails.
std::string AnswerControl(access::Access& access, const std::string& line);

// Has it done by the server that has the folder, or, without one, here.
// Errors: those that come back, kConflict if a server is just starting or ending there.
Result<boost::json::object> Control(const std::filesystem::path& folder,
                                    const boost::json::object& request);

}  // namespace verbatim::app
