// Who may use which endpoint: everything that is asked before an endpoint is called stands here, in
// one place, around every route. What there is to know is in service/access.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/keyring.h"
#include "api/api.h"
#include "http/message.h"
#include "http/server.h"

namespace verbatim::api {

// The scope that a route needs; none: it is open to all. By rule, so that a new route is never open
// by oversight: what only reads needs kRead, all else kUpload; exceptions are named.
std::optional<access::Scope> NeededScope(std::string_view method, std::string_view pattern);

// The route's handler behind all checks: host, origin, token or session, scope, rates. What is let
// in ends when its token is revoked; what changes something is noted in the audit.
http::Handler Guarded(const Services& services, const http::Route& route);

// Where a request comes from.
struct Caller {
  std::string address;        // of the client, before trusted proxies
  bool is_encrypted = false;  // on its way from there
};
Caller CallerOf(const Services& services, const http::Request& request);

// The bearer token of a request; none if it shows none.
std::optional<std::string_view> BearerToken(const http::Request& request);

// Who made a request: by its bearer token, else by its cookie.
std::optional<access::Identity> IdentityOf(const Services& services, const http::Request& request);

// The name of the cookie that holds a session. Over TLS it has a prefix with which browsers take it
// from this host alone (RFC 6265bis, 4.1.3.2).
std::string_view SessionCookieName(bool is_encrypted);

// A 429 that says when to try again.
http::Response TooMany(std::string_view detail, int64_t wait_ms);

}  // namespace verbatim::api
