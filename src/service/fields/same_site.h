// Keeps pages of other sites out: a browser that runs on this machine reaches the server for any
// page that it shows. Requests that a foreign page caused are refused, and so are, on a server for
// this machine alone, those for a name that is none of this machine's (DNS rebinding). Programs
// that are no browsers notice nothing.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "http/message.h"
#include "http/server.h"

namespace verbatim::fields {

enum class Reach { kThisMachine, kNetwork };

// Why a request is foreign; none: it is not. Pure.
std::optional<std::string_view> WhyForeign(const http::Request& request, Reach reach);

// A handler that answers foreign requests with `make_refusal` (of 403) in place of `handler`.
http::Handler SameSiteOnly(
    http::Handler handler, Reach reach,
    std::function<http::Response(int status, std::string_view detail)> make_refusal);

}  // namespace verbatim::fields
