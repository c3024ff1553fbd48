// One entry of the record that clients follow.
#pragma once

#include <cstdint>
#include <string>

namespace verbatim::store {

struct Event {
  int64_t id = 0;       // 1, 2, 3 ... without gaps as committed
  int64_t time_ms = 0;  // wall clock
  std::string type;     // "job", "progress", "segment", ...
  std::string job;      // id, or empty
  std::string data;     // JSON, an object
};

}  // namespace verbatim::store
