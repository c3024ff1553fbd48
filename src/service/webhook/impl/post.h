// One POST to an address that others may have chosen: no redirects, no proxies, and no connection
// to an address that is not public, which is looked at when it is connected to.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"

struct sockaddr;

namespace verbatim::webhook {

struct Post {
  std::string url;
  std::string body;
  std::vector<std::string> headers;  // "Name: value"
  bool allows_private = false;
};

// Sends it; whatever the answer holds is dropped.
// Errors: kInvalidArgument (the address is no public one); kCancelled; kIo: no answer within 15 s,
// or one that is not 2xx.
Result<void> Send(const Post& post, const std::stop_token& stop);

// Whether an address is one of the public Internet.
bool IsPublic(const sockaddr& address);

}  // namespace verbatim::webhook
