// The layers that a process puts on itself, for good, before it reads the first foreign byte.
#pragma once

#include <array>
#include <cstdint>

#include "sandbox/impl/system_calls.h"
#include "sandbox/layers.h"

namespace verbatim::sandbox {

inline constexpr size_t kLayerCount = static_cast<size_t>(Layer::kSystemCalls) + 1;

// Of each layer 0, or the error number that says why it is not there.
using LayerErrors = std::array<int, kLayerCount>;

// In place of an error number.
inline constexpr int kLeftOutOfThisBuild = -1;

inline int& ErrorOf(LayerErrors& errors, Layer layer) { return errors[static_cast<size_t>(layer)]; }

struct Limits {
  uint64_t address_space_bytes = 0;  // in all
  uint64_t cpu_seconds = 0;
};

// Limits, capabilities, new privileges, Landlock and, last, the list of calls.
void LockUp(const Limits& limits, const SystemCallList& calls, LayerErrors& errors);

}  // namespace verbatim::sandbox
