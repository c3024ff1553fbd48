// Keeps pages of other sites out: a browser that runs on this machine reaches the server for any
// page that it shows. Requests that a foreign page caused are refused, and so are, on a server for
// this machine alone, those for a name that is none of this machine's (DNS rebinding). Programs
// that are no browsers notice nothing.
#pragma once

#include <optional>
#include <string_view>

#include "api/api.h"
#include "http/message.h"
#include "http/server.h"

namespace verbatim::api {

// A handler that refuses foreign requests with 403 before `handler` sees them.
http::Handler SameSiteOnly(http::Handler handler, const Services& services);

// Why a request is foreign; none: it is not. Pure.
std::optional<std::string_view> WhyForeign(const http::Request& request, bool is_loopback_only);

}  // namespace verbatim::api
