// Any bytes: refused, or a result (or a plan) that survives writing and reading unchanged.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "pipeline/window_json.h"

namespace pipeline = verbatim::pipeline;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto result = pipeline::DecodeWindowResult(bytes)) {
    const std::string json = pipeline::EncodeWindowResult(*result);
    const auto again = pipeline::DecodeWindowResult(json);
    CHECK(again.has_value() && pipeline::EncodeWindowResult(*again) == json);
    CHECK(again->window.length() == result->window.length());
  }
  if (const auto plan = pipeline::DecodeSplitPlan(bytes)) {
    const auto again = pipeline::DecodeSplitPlan(pipeline::EncodeSplitPlan(*plan));
    CHECK(again.has_value() && again->window_target == plan->window_target &&
          again->gap_keep == plan->gap_keep);
  }
  return 0;
}
