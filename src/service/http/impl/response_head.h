// The bytes in front of a response's body.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "http/message.h"

namespace verbatim::http {

enum class BodyFraming {
  kNone,    // no body, and nothing is said of its length: 204, 304
  kLength,  // Content-Length
  kChunked,
  kUntilClose,  // the connection's end is the body's
};

struct ResponseFraming {
  BodyFraming body = BodyFraming::kLength;
  uint64_t length = 0;
  bool closes = false;
};

// Renders status line and fields, with `extra` fields unless the response has them. The fields that
// the server sets itself are left out of the response's own.
// Errors: kInvalidArgument if a field could end its line or the status is none of a final response.
Result<std::string> RenderHead(const Response& response, const ResponseFraming& framing,
                               std::span<const Headers::Field> extra);

// A date as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(std::chrono::system_clock::time_point time);

// Whether a response of this status ever has a body.
inline bool HasBody(int status) { return status != 204 && status != 304; }

}  // namespace verbatim::http
