// Where a server listens: "127.0.0.1:8090", "[::1]:0", "localhost:8090".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace verbatim::app {

struct ListenAddress {
  std::string address;  // an IP address, without brackets
  uint16_t port = 0;    // 0: any free one

  // Whether this machine alone reaches it.
  bool is_loopback() const;
};

// Errors: kInvalidArgument with what is wrong.
Result<ListenAddress> ParseListenAddress(std::string_view text);

// "http://[::1]:8090"
std::string HttpUrl(std::string_view address, uint16_t port, std::string_view scheme = "http");

}  // namespace verbatim::app
