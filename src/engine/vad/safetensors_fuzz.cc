// Any bytes at all: the container's reader and the detector's loader may refuse them, and nothing
// else.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "vad/safetensors.h"
#include "vad/speech_detector.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto parsed = verbatim::vad::Safetensors::Parse(bytes);
  if (parsed) {
    for (const auto& name : parsed->names()) {
      const size_t shape[] = {2, 3};
      if (const auto values = parsed->Floats(name, shape)) CHECK(values->size() == 6);
    }
  }
  const auto model = verbatim::vad::ParseSilero(bytes);
  CHECK(model.has_value() || model.error().code == verbatim::ErrorCode::kCorruptModel);
  return 0;
}
