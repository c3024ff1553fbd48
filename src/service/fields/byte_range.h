// Which bytes of a file a request asks for.
// Source: RFC 9110, sections 14.1.2 and 14.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace verbatim::fields {

struct ByteRange {
  enum class Kind { kWhole, kPart, kUnsatisfiable };
  Kind kind = Kind::kWhole;
  uint64_t offset = 0;
  uint64_t length = 0;
};

// Reads a Range field over a file of `size` bytes. What is malformed, of another unit, or more than
// one range is answered with the whole file, as the RFC allows.
ByteRange ReadRange(std::optional<std::string_view> field, uint64_t size);

}  // namespace verbatim::fields
