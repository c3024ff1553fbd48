#include "webhook/impl/post.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

namespace verbatim::webhook {
namespace {

constexpr long kConnectTimeoutS = 5;
constexpr long kTimeoutS = 15;

struct HandleCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// Seen by libcurl's callbacks.
struct Attempt {
  bool allows_private = false;
  bool was_refused = false;
  std::stop_token stop;
};

// Called with the address that is about to be connected to: what a name resolves to the next time
// does not matter.
curl_socket_t OpenSocket(void* user, curlsocktype /*purpose*/, curl_sockaddr* address) {
  Attempt& attempt = *static_cast<Attempt*>(user);
  if (!attempt.allows_private && !IsPublic(address->addr)) {
    attempt.was_refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

size_t DropBody(char* /*bytes*/, size_t /*size*/, size_t count, void* /*user*/) { return count; }

int LookAround(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const Attempt*>(user)->stop.stop_requested() ? 1 : 0;
}

struct Block {
  uint32_t address;
  int bits;
};
// RFC 6890 and its updates: what is not of the public Internet.
constexpr std::array kPrivateBlocks = {
    Block{0x00000000, 8},  Block{0x0A000000, 8},  Block{0x64400000, 10}, Block{0x7F000000, 8},
    Block{0xA9FE0000, 16}, Block{0xAC100000, 12}, Block{0xC0000000, 24}, Block{0xC0000200, 24},
    Block{0xC0586300, 24}, Block{0xC0A80000, 16}, Block{0xC6120000, 15}, Block{0xC6336400, 24},
    Block{0xCB007100, 24}, Block{0xE0000000, 4},  Block{0xF0000000, 4},
};

bool IsPublicV4(uint32_t address) {
  return std::ranges::none_of(kPrivateBlocks, [address](const Block& block) {
    return (address ^ block.address) >> (32 - block.bits) == 0;
  });
}

uint32_t V4At(const unsigned char* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

// 2000::/3 is what is given out; in it are addresses that stand for others.
bool IsPublicV6(const unsigned char* bytes) {
  constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr std::array<unsigned char, 12> kTranslated = {0, 0x64, 0xFF, 0x9B};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes) ||
      std::equal(kTranslated.begin(), kTranslated.end(), bytes)) {
    return IsPublicV4(V4At(bytes + 12));
  }
  if ((bytes[0] & 0xE0) != 0x20) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return IsPublicV4(V4At(bytes + 2));  // 6to4
  // 2001::/23 (Teredo and others), 2001:db8::/32 (examples).
  const bool is_special = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 2;
  const bool is_example = V4At(bytes) == 0x20010DB8;
  return !is_special && !is_example;
}

Result<void> Outcome(CURL* handle, CURLcode code, const Attempt& attempt, const char* message) {
  if (code == CURLE_ABORTED_BY_CALLBACK) return Fail(ErrorCode::kCancelled, "stopped");
  if (attempt.was_refused && code != CURLE_OK) {
    return Fail(ErrorCode::kInvalidArgument,
                "its address is no public one, which only webhook_allow_private allows");
  }
  if (code != CURLE_OK) {
    return Fail(ErrorCode::kIo, *message != '\0' ? message : curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return {};
  return Fail(ErrorCode::kIo, fmt::format("the answer was {}", status));
}

}  // namespace

bool IsPublic(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return IsPublicV4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  return IsPublicV6(v6.sin6_addr.s6_addr);
}

Result<void> Send(const Post& post, const std::stop_token& stop) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<CURL, HandleCloser> handle(curl_easy_init());
  if (!handle) return Fail(ErrorCode::kInternal, "libcurl gives no handle");
  std::unique_ptr<curl_slist, ListCloser> headers;
  for (const std::string& header : post.headers) {
    curl_slist* longer = curl_slist_append(headers.get(), header.c_str());
    if (longer == nullptr) return Fail(ErrorCode::kInternal, "out of memory");
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
  Attempt attempt{post.allows_private, false, stop};
  char message[CURL_ERROR_SIZE] = {};
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, post.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post.body.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Verbatim");
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &attempt);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, DropBody);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, LookAround);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &attempt);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTimeoutS);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
  return Outcome(curl, curl_easy_perform(curl), attempt, message);
}

}  // namespace verbatim::webhook
