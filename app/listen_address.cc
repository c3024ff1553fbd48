#include "listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <charconv>
#include <optional>

namespace verbatim::app {
namespace {

constexpr uint32_t kLoopbackNetwork = 0x7f000000;  // 127.0.0.0/8
constexpr uint32_t kLoopbackMask = 0xff000000;

std::optional<uint32_t> ReadIpv4(const std::string& address) {
  in_addr binary{};
  if (inet_pton(AF_INET, address.c_str(), &binary) != 1) return std::nullopt;
  return ntohl(binary.s_addr);
}

std::optional<in6_addr> ReadIpv6(const std::string& address) {
  in6_addr binary{};
  if (inet_pton(AF_INET6, address.c_str(), &binary) != 1) return std::nullopt;
  return binary;
}

std::optional<uint16_t> ReadPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

bool ListenAddress::is_loopback() const {
  if (const auto ipv4 = ReadIpv4(address)) return (*ipv4 & kLoopbackMask) == kLoopbackNetwork;
  const auto ipv6 = ReadIpv6(address);
  return ipv6 && IN6_IS_ADDR_LOOPBACK(&*ipv6);
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  const auto port =
      colon == std::string_view::npos ? std::nullopt : ReadPort(text.substr(colon + 1));
  if (!port) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("listen: \"{}\" is no HOST:PORT, such as 127.0.0.1:8090", text));
  }
  ListenAddress listen{std::string(host), *port};
  if (host == "localhost") listen.address = "127.0.0.1";
  const bool has_brackets = host.starts_with('[') && host.ends_with(']');
  if (has_brackets) listen.address = host.substr(1, host.size() - 2);
  if (has_brackets ? ReadIpv6(listen.address).has_value() : ReadIpv4(listen.address).has_value()) {
    return listen;
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("listen: \"{}\" is no IP address; IPv6 has brackets: [::1]:8090", host));
}

std::string HttpUrl(std::string_view address, uint16_t port, std::string_view scheme) {
  const bool is_ipv6 = address.find(':') != std::string_view::npos;
  return is_ipv6 ? fmt::format("{}://[{}]:{}", scheme, address, port)
                 : fmt::format("{}://{}:{}", scheme, address, port);
}

}  // namespace verbatim::app
