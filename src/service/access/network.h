// Addresses of clients: networks that are trusted, and who a client is behind proxies.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace verbatim::access {

// Addresses with the same first bits: "10.0.0.0/8", "fd00::/8", or a single one.
class Network {
 public:
  // Errors: kInvalidArgument with what is wrong.
  static Result<Network> Parse(std::string_view text);

  // False for what is no address.
  bool Contains(std::string_view address) const;

 private:
  std::array<unsigned char, 16> first_{};  // IPv4 as ::ffff:a.b.c.d
  int bits_ = 0;
};

// "10.0.0.0/8, ::1" as networks. Errors: kInvalidArgument with the one that is none.
Result<std::vector<Network>> ParseNetworks(std::string_view list);

// Words with commas between, without the space around them; empty ones are left out.
std::vector<std::string> SplitList(std::string_view list);

// Whether this machine alone has the address.
bool IsLoopback(std::string_view address);

// The client's address: that of the peer, or, as long as those are trusted proxies, the one before
// it in X-Forwarded-For, from its end. What is no address there ends the search.
std::string ClientAddress(std::string_view peer, std::string_view forwarded_for,
                          const std::vector<Network>& proxies);

// What stands for a client where its requests are counted: an IPv4 address, or the first 64 bits of
// an IPv6 address, as those are one household's.
std::string CountedAs(std::string_view address);

}  // namespace verbatim::access
