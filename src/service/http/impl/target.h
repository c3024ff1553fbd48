// The target of a request: where it points to, decoded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/framing_guard.h"

namespace verbatim::http {

struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};

// Reads an origin-form target ("/path?query"). Refuses every other form, and what could leave the
// path or split it anew once decoded: dot segments, encoded slashes, control characters, text that
// is not UTF-8. In the query "+" is a space.
// Source: RFC 9112, section 3.2.1; RFC 3986, section 3.
Checked<Target> ParseTarget(std::string_view target);

}  // namespace verbatim::http
