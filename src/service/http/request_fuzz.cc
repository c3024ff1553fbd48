// Any bytes as what a client sends: the guard says the same wherever they are cut; what it lets
// through is a request that is clear; a chunked body decodes to the same whatever the buffers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/framing_guard.h"
#include "http/impl/request_head.h"

namespace http = verbatim::http;

namespace {

struct Verdict {
  int status = 100;  // 100: more is needed; 200: the head is complete
  size_t size = 0;
  bool operator==(const Verdict&) const = default;
};

Verdict Guard(std::string_view bytes, size_t piece) {
  http::HeadGuard guard({});
  while (!bytes.empty()) {
    const http::Checked<bool> taken = guard.Take(bytes.substr(0, piece));
    if (!taken) return {taken.error().status, guard.size()};
    if (*taken) return {200, guard.size()};
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return {100, guard.size()};
}

// Every way to say where the body ends is one way, and nothing points out of the path.
void CheckRequest(const http::RequestHead& head) {
  const http::Request& request = head.request;
  CHECK(!request.method.empty());
  CHECK(!(request.is_chunked && request.content_length));
  CHECK(request.headers.Count("Content-Length") == (request.content_length ? 1 : 0));
  CHECK(request.headers.Count("Transfer-Encoding") == (request.is_chunked ? 1 : 0));
  CHECK(request.headers.Count("Host") == 1 || head.version == http::Version::k10);
  CHECK(!(head.version == http::Version::k10 && (head.keeps_alive || request.is_chunked)));
  CHECK(request.path.starts_with('/'));
  CHECK(!request.path.contains('\0') && !request.path.contains('\n'));
  const std::string path = request.path + "/";
  CHECK(!path.contains("/../") && !path.contains("/./"));
  CHECK(std::ranges::count(request.path, '/') >= 1);
  for (const http::Headers::Field& field : request.headers.fields()) {
    CHECK(!field.name.empty() && !field.name.contains(' '));
    CHECK(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
}

// The decoded body, what was left, and whether it was refused.
std::string Decode(std::string_view body, size_t piece, size_t room) {
  http::ChunkGuard guard;
  std::string data;
  std::string out(room, '\0');
  while (!guard.at_end() && !body.empty()) {
    const auto step = guard.Decode(body.substr(0, piece), out);
    if (!step) return "refused";
    CHECK(step->taken > 0 && step->written <= step->taken);
    data.append(out, 0, step->written);
    body.remove_prefix(step->taken);
  }
  return data + (guard.at_end() ? "|" : "...") + std::string(body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Verdict verdict = Guard(bytes, size + 1);
  CHECK(Guard(bytes, 1) == verdict);
  CHECK(Guard(bytes, 7) == verdict);
  CHECK(Decode(bytes, size + 1, size + 1) == Decode(bytes, 1, 3));
  if (verdict.status != 200) return 0;
  const http::Checked<http::RequestHead> head = http::ParseHead(bytes.substr(0, verdict.size));
  if (!head) {
    CHECK(head.error().status >= 400 && !head.error().detail.empty());
    return 0;
  }
  CheckRequest(*head);
  if (!head->request.is_chunked) return 0;
  const std::string_view body = bytes.substr(verdict.size);
  CHECK(Decode(body, size + 1, 2) == Decode(body, 1, size + 1));
  return 0;
}
