// Any bytes, in two ways of cutting them: the parser says the same, holds to its limits, and ends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/multipart.h"
#include "base/check.h"

namespace api = verbatim::api;
using Kind = api::MultipartEvent::Kind;

namespace {

constexpr size_t kFieldSizeMax = 100;

std::string Parse(std::string_view body, size_t step) {
  api::MultipartLimits limits;
  limits.parts_max = 20;
  limits.part_header_size_max = 200;
  limits.field_size_max = kFieldSizeMax;
  api::MultipartParser parser("b", limits);
  std::string said;
  while (true) {
    const auto event = parser.Next();
    if (!event) return said + std::string(ErrorCodeName(event.error().code));
    if (event->kind == Kind::kEnd) return said + "end";
    if (event->kind == Kind::kNeedBytes) {
      const size_t count = std::min(step, body.size());
      parser.Push(std::span<const char>(body.data(), count));
      body.remove_prefix(count);
      continue;
    }
    CHECK(event->value.size() <= kFieldSizeMax);
    CHECK(event->kind != Kind::kFileBytes || !event->bytes.empty());
    if (event->kind != Kind::kFileBytes) said += std::to_string(static_cast<int>(event->kind));
    said += event->name + event->value + event->filename + event->content_type;
    said.append(event->bytes.data(), event->bytes.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const std::string whole = Parse(body, SIZE_MAX);
  const std::string pieces = Parse(body, 3);
  // Where a part's header is over its limit, how it is told depends on the cut.
  if (!whole.ends_with("too_large") && !pieces.ends_with("too_large")) CHECK(whole == pieces);
  static_cast<void>(api::MultipartBoundary(body));
  return 0;
}
