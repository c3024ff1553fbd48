// The head of a request as a value.
#pragma once

#include <string_view>

#include "http/framing_guard.h"
#include "http/message.h"

namespace verbatim::http {

struct RequestHead {
  Request request;
  Version version = Version::k11;
  bool expects_continue = false;
  bool keeps_alive = true;  // the peer would send another request
};

// Parses a head that HeadGuard let through, with all of its bytes.
Checked<RequestHead> ParseHead(std::string_view bytes);

}  // namespace verbatim::http
