// Any messages from a process that reads media: refused, or sound that can be; and what decodes
// does so again after it was encoded. The input is messages, each behind its length in two bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "media/test_frames.h"

namespace media = verbatim::media;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> messages;
  while (bytes.size() >= 2) {
    const size_t length = static_cast<uint8_t>(bytes[0]) | static_cast<uint8_t>(bytes[1]) << 8;
    messages.emplace_back(bytes.substr(2, length));
    bytes.remove_prefix(std::min(bytes.size(), length + 2));
    if (const auto frame = media::DecodeReaderFrame(messages.back())) {
      CHECK(media::Encode(*frame) == messages.back());
    }
    static_cast<void>(media::DecodeReadingOrder(messages.back()));
    static_cast<void>(media::DecodeServedBytes(messages.back()));
  }
  if (const auto sound = media::ReadSent(messages)) {
    CHECK(std::ranges::all_of(*sound, [](float sample) { return sample >= -1 && sample <= 1; }));
  } else {
    CHECK(!sound.error().message.empty());
  }
  return 0;
}
