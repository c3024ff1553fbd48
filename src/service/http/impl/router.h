// Finds the route of a request by its decoded path and method.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "http/server.h"

namespace verbatim::http {

// Thread: any.
class Router {
 public:
  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string_view, std::string_view>> parameters;  // parts of the path
    std::string
        allowed;  // without a route: the methods this path takes, "" if there is no such path
  };

  // Errors: kInvalidArgument (a broken pattern, two routes alike).
  static Result<Router> Make(std::vector<Route> routes);

  // The match lives as long as the router and `path`.
  Match Find(std::string_view method, std::string_view path) const;

 private:
  enum class Kind { kText, kParameter, kRest };  // in order of preference
  struct Segment {
    Kind kind = Kind::kText;
    std::string text;  // or the parameter's name
  };
  struct Entry {
    Route route;
    std::vector<Segment> segments;
  };

  static Result<Entry> MakeEntry(Route route);
  static bool GoesFirst(const Entry& a, const Entry& b);
  static bool Fits(const Entry& entry, const std::vector<std::string_view>& parts);

  std::vector<Entry> entries_;  // the most specific first
};

}  // namespace verbatim::http
