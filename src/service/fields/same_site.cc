#include "fields/same_site.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

namespace verbatim::fields {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return lower;
}

// "[::1]:8090" -> "[::1]", "localhost:8090" -> "localhost".
std::string_view WithoutPort(std::string_view host) {
  const size_t bracket = host.find(']');
  if (host.starts_with('[') && bracket != std::string_view::npos) {
    return host.substr(0, bracket + 1);
  }
  return host.substr(0, host.find(':'));
}

bool IsThisMachine(std::string_view host) {
  const std::string name = Lower(WithoutPort(host));
  const bool is_address =
      name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos;
  return is_address || name == "localhost" || name.ends_with(".localhost") || name == "[::1]";
}

// "http://host:port" -> "host:port"; of an opaque origin ("null") nothing.
std::string_view HostOfOrigin(std::string_view origin) {
  const size_t slashes = origin.find("://");
  return slashes == std::string_view::npos ? "" : origin.substr(slashes + 3);
}

bool Names(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::any_of(list,
                             [word](const std::string& one) { return http::SameWord(one, word); });
}

bool IsOwnName(std::string_view host, const SiteRules& rules) {
  if (host.empty() || IsThisMachine(host) || Names(rules.hosts, WithoutPort(host))) return true;
  return rules.reach == Reach::kNetwork && rules.hosts.empty();
}

constexpr std::string_view kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE";
constexpr std::string_view kRequestFields =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, "
    "Last-Event-ID, Range, Tus-Resumable, Upload-Checksum, Upload-Concat, Upload-Defer-Length, "
    "Upload-Length, Upload-Metadata, Upload-Offset";
constexpr std::string_view kAnswerFields =
    "Content-Disposition, Content-Range, ETag, Idempotent-Replayed, Link, Location, Retry-After, "
    "Tus-Resumable, Tus-Version, Upload-Chunk-Size, Upload-Expires, Upload-Length, "
    "Upload-Metadata, Upload-Offset";

}  // namespace

bool IsSafe(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

// Sec-Fetch-Site is not set by old browsers and on addresses that they do not trust.
bool IsOfOtherSite(const http::Request& request) {
  const std::string_view host = request.headers.Find("Host").value_or("");
  if (request.headers.Count("Sec-Fetch-Site") > 0) {
    const std::string site = Lower(request.headers.Find("Sec-Fetch-Site").value_or(""));
    if (site != "same-origin" && site != "none") return true;
  }
  if (request.headers.Count("Origin") == 0) return false;
  const std::string_view origin = request.headers.Find("Origin").value_or("");
  return Lower(HostOfOrigin(origin)) != Lower(host);
}

std::optional<std::string_view> WhyForeign(const http::Request& request, const SiteRules& rules) {
  if (!IsOwnName(request.headers.Find("Host").value_or(""), rules)) {
    return rules.reach == Reach::kThisMachine
               ? "this server answers for this machine's own names and allowed_hosts alone"
               : "this server answers for the names in allowed_hosts alone";
  }
  if (IsSafe(request) || !IsOfOtherSite(request)) return std::nullopt;
  if (IsAllowedOrigin(request, rules.origins)) return std::nullopt;
  return "requests of other sites' pages are not taken";
}

bool IsAllowedOrigin(const http::Request& request, const std::vector<std::string>& origins) {
  const auto origin = request.headers.Find("Origin");
  return origin && Names(origins, *origin);
}

std::optional<http::Response> AnswerPreflight(const http::Request& request,
                                              const std::vector<std::string>& origins) {
  const bool is_question =
      request.method == "OPTIONS" && request.headers.Count("Access-Control-Request-Method") > 0;
  if (!is_question || !IsAllowedOrigin(request, origins)) return std::nullopt;
  http::Response response;
  response.status = 204;
  response.headers.Set("Access-Control-Allow-Methods", std::string(kMethods));
  response.headers.Set("Access-Control-Allow-Headers", std::string(kRequestFields));
  response.headers.Set("Access-Control-Max-Age", "600");
  return response;
}

std::vector<http::Headers::Field> CrossOriginFields(const http::Request& request,
                                                    const std::vector<std::string>& origins) {
  std::vector<http::Headers::Field> fields = {{"Vary", "Origin"}};
  if (!IsAllowedOrigin(request, origins)) return fields;
  fields.push_back(
      {"Access-Control-Allow-Origin", std::string(request.headers.Find("Origin").value_or(""))});
  fields.push_back({"Access-Control-Expose-Headers", std::string(kAnswerFields)});
  return fields;
}

}  // namespace verbatim::fields
