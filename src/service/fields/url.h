// Text as a part of an address.
#pragma once

#include <fmt/format.h>

#include <cctype>
#include <string>
#include <string_view>

namespace verbatim::fields {

// Source: RFC 3986, section 2.3: what is not unreserved is encoded.
inline std::string PercentEncoded(std::string_view text) {
  std::string encoded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool is_plain = std::isalnum(byte) != 0 || std::string_view("-._~").contains(letter);
    encoded += is_plain ? std::string(1, letter) : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

}  // namespace verbatim::fields
