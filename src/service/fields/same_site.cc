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

bool IsSafe(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

http::Task<void> Send(http::Exchange& exchange, http::Response response) {
  co_await exchange.Send(std::move(response));
}

}  // namespace

std::optional<std::string_view> WhyForeign(const http::Request& request, Reach reach) {
  const std::string_view host = request.headers.Find("Host").value_or("");
  if (reach == Reach::kThisMachine && !host.empty() && !IsThisMachine(host)) {
    return "this server answers for this machine's own names alone";
  }
  const auto site = request.headers.Find("Sec-Fetch-Site");
  if (site && Lower(*site) == "cross-site" && !IsSafe(request)) {
    return "requests of other sites' pages are not taken";
  }
  const auto origin = request.headers.Find("Origin");
  if (origin && Lower(HostOfOrigin(*origin)) != Lower(host) && !IsSafe(request)) {
    return "requests of other sites' pages are not taken";
  }
  return std::nullopt;
}

http::Handler SameSiteOnly(
    http::Handler handler, Reach reach,
    std::function<http::Response(int status, std::string_view detail)> make_refusal) {
  return [handler = std::move(handler), reach,
          make_refusal = std::move(make_refusal)](http::Exchange& exchange) {
    const auto why = WhyForeign(exchange.request(), reach);
    return why ? Send(exchange, make_refusal(403, *why)) : handler(exchange);
  };
}

}  // namespace verbatim::fields
