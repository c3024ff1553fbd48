#include "api/impl/endpoint.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <charconv>
#include <functional>

#include "api/problem.h"

namespace verbatim::api {
namespace {

std::string_view WithoutWeakMark(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

void AddEndpoint(const Services& services, std::vector<http::Route>& routes, std::string method,
                 std::string pattern, Endpoint endpoint, uint64_t body_size_max) {
  const Services* all = &services;
  routes.push_back({std::move(method), std::move(pattern),
                    [all, endpoint, body_size_max](http::Exchange& exchange) {
                      return RunEndpoint(*all, exchange, endpoint, body_size_max);
                    },
                    body_size_max});
}

void AddStreaming(const Services& services, std::vector<http::Route>& routes, std::string method,
                  std::string pattern, StreamingEndpoint endpoint, uint64_t body_size_max) {
  const Services* all = &services;
  routes.push_back({std::move(method), std::move(pattern),
                    [all, endpoint](http::Exchange& exchange) { return endpoint(*all, exchange); },
                    body_size_max});
}

http::Task<void> RunEndpoint(const Services& services, http::Exchange& exchange, Endpoint endpoint,
                             uint64_t body_size_max) {
  Call call{exchange, {}};
  if (body_size_max != http::kNoBody && exchange.request().has_body()) {
    Result<std::string> body = co_await exchange.ReadAll(static_cast<size_t>(body_size_max));
    if (!body) {
      Error error = std::move(body).error();
      co_await SendError(services, exchange, std::move(error));
      co_return;
    }
    call.body = std::move(*body);
  }
  std::function<Result<http::Response>()> work = [&services, &call, endpoint] {
    return endpoint(services, call);
  };
  Result<http::Response> made = co_await exchange.Offload(std::move(work));
  if (!made) {
    Error error = std::move(made).error();
    co_await SendError(services, exchange, std::move(error));
    co_return;
  }
  http::Response response = std::move(*made);
  co_await exchange.Send(std::move(response));
}

http::Task<void> SendError(const Services& services, http::Exchange& exchange, Error error) {
  LogSecret(services, exchange.request(), error);
  http::Response response = ProblemFor(error);
  co_await exchange.Send(std::move(response));
}

void LogSecret(const Services& services, const http::Request& request, const Error& error) {
  if (!IsSecret(error.code)) return;
  services.log.Error("{} {}: {}: {}", request.method, request.path, ErrorCodeName(error.code),
                     error.message);
}

http::Response JsonResponse(int status, const boost::json::object& value) {
  return JsonTextResponse(status, boost::json::serialize(value));
}

http::Response JsonTextResponse(int status, std::string json) {
  json += '\n';
  return http::MakeResponse(status, "application/json", std::move(json));
}

// 64-bit FNV-1a.
std::string Fingerprint(std::string_view bytes) {
  uint64_t hash = 14695981039346656037ULL;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 1099511628211ULL;
  }
  return fmt::format("{:016x}", hash);
}

http::Response WithEtag(const http::Request& request, http::Response response) {
  const std::string etag = fmt::format("\"{}\"", Fingerprint(response.body));
  if (HasClientCopy(request, etag)) return NotModified(std::move(response), etag);
  return Tagged(std::move(response), etag);
}

bool HasClientCopy(const http::Request& request, std::string_view etag) {
  const auto known = request.headers.Find("If-None-Match");
  return known && NamesEtag(*known, etag);
}

http::Response Tagged(http::Response response, std::string_view etag) {
  response.headers.Set("ETag", std::string(etag));
  response.headers.Set("Cache-Control", "private, no-cache");
  return response;
}

http::Response NotModified(http::Response response, std::string_view etag) {
  response = Tagged(std::move(response), etag);
  response.status = 304;
  response.body.clear();
  response.headers.Remove("Content-Type");
  response.headers.Remove("Content-Disposition");
  return response;
}

bool NamesEtag(std::string_view list, std::string_view etag) {
  if (Trimmed(list) == "*") return true;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view one = Trimmed(list.substr(0, comma));
    if (WithoutWeakMark(one) == WithoutWeakMark(etag)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

Result<int64_t> QueryNumber(const http::Request& request, std::string_view name, int64_t given,
                            std::pair<int64_t, int64_t> range) {
  const auto word = request.Query(name);
  if (!word) return given;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(word->data(), word->data() + word->size(), number);
  const bool is_whole = error == std::errc() && end == word->data() + word->size();
  if (is_whole && number >= range.first && number <= range.second) return number;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: \"{}\" is no whole number from {} to {}", name, *word, range.first,
                          range.second));
}

Result<std::optional<bool>> QueryFlag(const http::Request& request, std::string_view name) {
  const auto word = request.Query(name);
  if (!word) return std::nullopt;
  if (*word == "true" || *word == "1" || word->empty()) return true;
  if (*word == "false" || *word == "0") return false;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: \"{}\" is neither true nor false", name, *word));
}

Result<boost::json::object> ParseObject(std::string_view text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) return Fail(ErrorCode::kInvalidArgument, "the body is no JSON: " + error.message());
  if (!value.is_object()) {
    return Fail(ErrorCode::kInvalidArgument, "the body is no JSON object");
  }
  return std::move(value.get_object());
}

}  // namespace verbatim::api
