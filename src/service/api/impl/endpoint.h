// How most endpoints are made: plain functions that may block, from a call to a response or an
// error. The rest is done once here: reading the body, the blocking pool, errors as problems, the
// log.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api.h"
#include "base/error.h"
#include "http/exchange.h"
#include "http/message.h"
#include "http/server.h"

namespace verbatim::api {

// One request with its whole body.
struct Call {
  const http::Exchange& exchange;
  std::string body;

  const http::Request& request() const { return exchange.request(); }
  std::string_view parameter(std::string_view name) const { return exchange.parameter(name); }
};

using Endpoint = Result<http::Response> (*)(const Services& services, const Call& call);
using StreamingEndpoint = http::Task<void> (*)(const Services& services, http::Exchange& exchange);

// Adds a route; `services` outlives it.
void AddEndpoint(const Services& services, std::vector<http::Route>& routes, std::string method,
                 std::string pattern, Endpoint endpoint, uint64_t body_size_max = http::kNoBody);

// The same for one that reads or answers in pieces.
void AddStreaming(const Services& services, std::vector<http::Route>& routes, std::string method,
                  std::string pattern, StreamingEndpoint endpoint,
                  uint64_t body_size_max = http::kNoBody);

// Runs a plain endpoint on the blocking pool and sends what comes of it.
http::Task<void> RunEndpoint(const Services& services, http::Exchange& exchange, Endpoint endpoint,
                             uint64_t body_size_max);

// Answers an error as a problem; what clients do not see goes to the log.
http::Task<void> SendError(const Services& services, http::Exchange& exchange, Error error);

// Logs an error whose message is kept from clients.
void LogSecret(const Services& services, const http::Request& request, const Error& error);

// A JSON body with a line end.
http::Response JsonResponse(int status, const boost::json::object& value);
// The same for an object that is text already.
http::Response JsonTextResponse(int status, std::string json);

// Adds an ETag made from the body; 304 without a body if the client has it (RFC 9110, 13.1.2).
http::Response WithEtag(const http::Request& request, http::Response response);

// The same for a tag that is known before the body: whether the client has what it names, and the
// answer with it, whole or 304.
bool HasClientCopy(const http::Request& request, std::string_view etag);
http::Response Tagged(http::Response response, std::string_view etag);
http::Response NotModified(http::Response response, std::string_view etag);

// Tells texts apart, nothing more: 16 hexadecimal digits.
std::string Fingerprint(std::string_view bytes);

// Whether a list of entity tags, as in If-None-Match, names this one; weak comparison.
bool NamesEtag(std::string_view list, std::string_view etag);

// A whole number of the query within a range. Errors: kInvalidArgument with its name and range.
Result<int64_t> QueryNumber(const http::Request& request, std::string_view name, int64_t given,
                            std::pair<int64_t, int64_t> range);

// "true" or "false" of the query; none if it is not there. Errors: kInvalidArgument.
Result<std::optional<bool>> QueryFlag(const http::Request& request, std::string_view name);

// A JSON object. Errors: kInvalidArgument with what is wrong and where.
Result<boost::json::object> ParseObject(std::string_view text);

}  // namespace verbatim::api
