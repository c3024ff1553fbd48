// Keeps pages of other sites out: a browser that runs on this machine reaches the server for any
// page that it shows. Requests that a foreign page caused are refused, and so are those for a name
// that is none of the server's (DNS rebinding). Programs that are no browsers notice nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace verbatim::fields {

enum class Reach { kThisMachine, kNetwork };

struct SiteRules {
  Reach reach = Reach::kThisMachine;
  std::vector<std::string> hosts = {};    // names that it answers for, besides this machine's own;
                                          // in a network: all, if there are none
  std::vector<std::string> origins = {};  // pages that may ask: "https://app.example"
};

// Why a request is foreign; none: it is not. Pure.
std::optional<std::string_view> WhyForeign(const http::Request& request, const SiteRules& rules);

// Whether a page of another site made a request, according to what the browser says. Pure.
bool IsOfOtherSite(const http::Request& request);

// Whether a request changes nothing by its method.
bool IsSafe(const http::Request& request);

// Whether the page that made the request is one of `origins`.
bool IsAllowedOrigin(const http::Request& request, const std::vector<std::string>& origins);

// What a browser asks before a page of another site may send a request, answered by `origins`; none
// if it is no such question. Source: WHATWG Fetch, "CORS-preflight request".
std::optional<http::Response> AnswerPreflight(const http::Request& request,
                                              const std::vector<std::string>& origins);

// What lets such a page read the answer. Never with credentials: a cookie is for the server's own
// page, others send a token.
std::vector<http::Headers::Field> CrossOriginFields(const http::Request& request,
                                                    const std::vector<std::string>& origins);

}  // namespace verbatim::fields
