#include "http/impl/router.h"

#include <algorithm>

namespace verbatim::http {
namespace {

// "/a/b" has the parts "a" and "b", "/" has one that is empty.
std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> parts;
  size_t begin = 1;
  while (true) {
    const size_t end = path.find('/', begin);
    parts.push_back(path.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

bool Serves(const Route& route, std::string_view method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

}  // namespace

Result<Router::Entry> Router::MakeEntry(Route route) {
  const auto broken = [&route] {
    return Fail(ErrorCode::kInvalidArgument, "broken pattern of a route: " + route.pattern);
  };
  if (!route.pattern.starts_with('/') || route.method.empty() || !route.handler) return broken();
  Entry entry;
  const std::vector<std::string_view> parts = Split(route.pattern);
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string_view part = parts[i];
    if (!part.starts_with('{')) {
      if (part.find_first_of("{}") != std::string_view::npos) return broken();
      entry.segments.push_back({Kind::kText, std::string(part)});
      continue;
    }
    if (!part.ends_with('}') || part.size() < 3) return broken();
    part = part.substr(1, part.size() - 2);
    const bool is_rest = part.ends_with("...");
    if (is_rest) part.remove_suffix(3);
    if (part.empty() || (is_rest && i + 1 < parts.size())) return broken();
    entry.segments.push_back({is_rest ? Kind::kRest : Kind::kParameter, std::string(part)});
  }
  entry.route = std::move(route);
  return entry;
}

// Compares kind by kind, then texts, so that entries alike but for names of parameters are equal.
bool Router::GoesFirst(const Entry& a, const Entry& b) {
  return std::ranges::lexicographical_compare(
      a.segments, b.segments, [](const Segment& left, const Segment& right) {
        if (left.kind != right.kind) return left.kind < right.kind;
        return left.kind == Kind::kText && left.text < right.text;
      });
}

Result<Router> Router::Make(std::vector<Route> routes) {
  Router router;
  for (Route& route : routes) router.entries_.push_back(TRY(MakeEntry(std::move(route))));
  std::ranges::stable_sort(router.entries_, GoesFirst);
  for (size_t i = 0; i < router.entries_.size(); ++i) {
    const Entry& a = router.entries_[i];
    for (size_t k = i + 1; k < router.entries_.size() && !GoesFirst(a, router.entries_[k]); ++k) {
      if (a.route.method == router.entries_[k].route.method) {
        return Fail(ErrorCode::kInvalidArgument,
                    "two routes alike: " + a.route.method + " " + a.route.pattern);
      }
    }
  }
  return router;
}

bool Router::Fits(const Entry& entry, const std::vector<std::string_view>& parts) {
  const std::vector<Segment>& segments = entry.segments;
  const bool has_rest = segments.back().kind == Kind::kRest;
  if (has_rest ? parts.size() < segments.size() : parts.size() != segments.size()) return false;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].kind == Kind::kText && segments[i].text != parts[i]) return false;
    if (segments[i].kind == Kind::kParameter && parts[i].empty()) return false;
  }
  return true;
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  const std::vector<std::string_view> parts = Split(path);
  Match match;
  std::vector<std::string_view> allowed;
  for (const Entry& entry : entries_) {
    if (!Fits(entry, parts)) continue;
    if (!Serves(entry.route, method)) {
      allowed.push_back(entry.route.method);
      if (entry.route.method == "GET") allowed.push_back("HEAD");
      continue;
    }
    match.route = &entry.route;
    for (size_t i = 0; i < entry.segments.size(); ++i) {
      const Segment& segment = entry.segments[i];
      if (segment.kind == Kind::kText) continue;
      const auto begin = static_cast<size_t>(parts[i].data() - path.data());
      match.parameters.emplace_back(segment.text,
                                    segment.kind == Kind::kRest ? path.substr(begin) : parts[i]);
    }
    return match;
  }
  std::ranges::sort(allowed);
  const auto repeated = std::ranges::unique(allowed);
  allowed.erase(repeated.begin(), repeated.end());
  for (const std::string_view one : allowed) {
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += one;
  }
  return match;
}

}  // namespace verbatim::http
