// Any bytes as the target of a request, and as the pattern of a route: a path goes to the route
// that a plain reading of the patterns gives, and its parameters are parts of it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "http/impl/router.h"
#include "http/impl/target.h"

namespace http = verbatim::http;

namespace {

http::Route RouteOf(std::string_view method, std::string_view pattern) {
  http::Route route;
  route.method = method;
  route.pattern = pattern;
  route.handler = [](http::Exchange&) -> http::Task<void> { co_return; };
  return route;
}

const http::Router& Routes() {
  static const http::Router router = *http::Router::Make({
      RouteOf("GET", "/"),
      RouteOf("GET", "/api/jobs"),
      RouteOf("POST", "/api/jobs"),
      RouteOf("GET", "/api/jobs/{id}"),
      RouteOf("DELETE", "/api/jobs/{id}"),
      RouteOf("GET", "/api/jobs/search"),
      RouteOf("GET", "/api/jobs/{id}/transcript"),
      RouteOf("GET", "/assets/{path...}"),
  });
  return router;
}

void CheckFound(std::string_view method, const std::string& path) {
  const http::Router::Match match = Routes().Find(method, path);
  if (match.route == nullptr) {
    CHECK(!match.allowed.contains("GET") || method != "GET");
    return;
  }
  CHECK(match.route->method == method || (method == "HEAD" && match.route->method == "GET"));
  if (path == "/api/jobs/search" && method == "GET") CHECK(match.parameters.empty());
  for (const auto& [name, value] : match.parameters) {
    CHECK(value.data() >= path.data() && value.data() + value.size() <= path.data() + path.size());
    CHECK(name == "path" || (!value.empty() && !value.contains('/')));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(http::Router::Make({RouteOf("GET", text), RouteOf("GET", "/{a}/{b...}")}));
  const http::Checked<http::Target> target = http::ParseTarget(text);
  if (!target) {
    CHECK(target.error().status >= 400 && !target.error().detail.empty());
    return 0;
  }
  CHECK(target->path.starts_with('/'));
  CHECK(std::ranges::count(target->path, '/') <= std::ranges::count(text, '/'));
  for (const char* method : {"GET", "HEAD", "POST", "DELETE", "get"}) {
    CheckFound(method, target->path);
  }
  return 0;
}
