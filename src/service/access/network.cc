#include "access/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace verbatim::access {
namespace {

using Bytes = std::array<unsigned char, 16>;

constexpr int kMappedBits = 96;  // in front of an IPv4 address
constexpr Bytes kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool IsIpv4(const Bytes& bytes) {
  return std::equal(bytes.begin(), bytes.begin() + 12, kMapped.begin());
}

std::optional<Bytes> ReadAddress(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::string address(text);
  Bytes bytes = kMapped;
  if (inet_pton(AF_INET, address.c_str(), bytes.data() + 12) == 1) return bytes;
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
  return std::nullopt;
}

std::string_view Trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

bool AnyContains(const std::vector<Network>& networks, std::string_view address) {
  return std::ranges::any_of(
      networks, [address](const Network& network) { return network.Contains(address); });
}

}  // namespace

Result<Network> Network::Parse(std::string_view text) {
  const auto broken = [text] {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" is no address and no network such as 10.0.0.0/8", text));
  };
  const size_t slash = text.find('/');
  const std::optional<Bytes> first = ReadAddress(text.substr(0, slash));
  if (!first) return broken();
  Network network;
  network.first_ = *first;
  network.bits_ = 128;
  if (slash == std::string_view::npos) return network;
  const std::string_view length = text.substr(slash + 1);
  const int before = IsIpv4(*first) ? kMappedBits : 0;
  int bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (error != std::errc() || end != length.data() + length.size()) return broken();
  if (bits < 0 || bits > 128 - before) return broken();
  network.bits_ = before + bits;
  return network;
}

bool Network::Contains(std::string_view address) const {
  const std::optional<Bytes> bytes = ReadAddress(address);
  if (!bytes) return false;
  const auto whole = static_cast<size_t>(bits_ / 8);
  if (!std::equal(first_.begin(), first_.begin() + bits_ / 8, bytes->begin())) return false;
  const int rest = bits_ % 8;
  return rest == 0 || ((first_[whole] ^ (*bytes)[whole]) >> (8 - rest)) == 0;
}

Result<std::vector<Network>> ParseNetworks(std::string_view list) {
  std::vector<Network> networks;
  for (const std::string& text : SplitList(list)) networks.push_back(TRY(Network::Parse(text)));
  return networks;
}

std::vector<std::string> SplitList(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view word = Trimmed(list.substr(0, comma));
    if (!word.empty()) words.emplace_back(word);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return words;
}

bool IsLoopback(std::string_view address) {
  const std::optional<Bytes> bytes = ReadAddress(address);
  if (!bytes) return false;
  if (IsIpv4(*bytes)) return (*bytes)[12] == 127;
  return std::all_of(bytes->begin(), bytes->end() - 1, [](auto byte) { return byte == 0; }) &&
         bytes->back() == 1;
}

std::string ClientAddress(std::string_view peer, std::string_view forwarded_for,
                          const std::vector<Network>& proxies) {
  std::string client(peer);
  std::vector<std::string> before = SplitList(forwarded_for);
  while (!before.empty() && AnyContains(proxies, client)) {
    if (!ReadAddress(before.back())) break;
    client = std::move(before.back());
    before.pop_back();
  }
  return client;
}

std::string CountedAs(std::string_view address) {
  const std::optional<Bytes> bytes = ReadAddress(address);
  if (!bytes || IsIpv4(*bytes)) return std::string(address);
  return fmt::format("{:02x}/64", fmt::join(bytes->begin(), bytes->begin() + 8, ""));
}

}  // namespace verbatim::access
