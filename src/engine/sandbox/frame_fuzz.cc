// Any bytes as a message of a locked-up process: what is not whole is refused with empty values,
// and what is taken comes out of the writer as it was.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "sandbox/frame.h"
#include "sandbox/impl/messages.h"

namespace sandbox = verbatim::sandbox;

namespace {

constexpr size_t kTextMax = 40;

// Reads values in the order that `plan` asks for, and writes what was read.
void CheckFrame(std::string_view plan, std::string_view bytes) {
  sandbox::FrameReader reader(bytes);
  sandbox::FrameWriter writer(reader.kind());
  std::array<float, 8> room{};
  for (const char kind : plan) {
    switch (kind & 3) {
      case 0: writer.Number(reader.Number(UINT64_MAX)); break;
      case 1: CHECK(reader.Number(1000) <= 1000); return;
      case 2: {
        const std::string text = reader.Text(kTextMax);
        CHECK(text.size() <= kTextMax);
        CHECK(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }));
        writer.Text(text);
        break;
      }
      default: writer.Floats(reader.Floats(room)); break;
    }
  }
  if (reader.is_valid()) CHECK(writer.bytes() == bytes);
}

}  // namespace

// The first byte says how many of the next ones are the plan.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto report = sandbox::DecodeReport(bytes)) {
    CHECK(sandbox::EncodeReport(*report) == bytes);
    static_cast<void>(sandbox::CheckRequired(*report));
  }
  if (bytes.empty()) return 0;
  const size_t count = std::min<size_t>(bytes.size() - 1, static_cast<uint8_t>(bytes[0]) % 16);
  CheckFrame(bytes.substr(1, count), bytes.substr(1 + count));
  return 0;
}
