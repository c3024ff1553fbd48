// What products with layers take, as the stage meter counts it.
#pragma once

#include <cstddef>

#include "nn/linear.h"
#include "profile/stage_meter.h"

namespace verbatim::nn {

// Of one weight.
inline size_t BytesOf(Linear::Format format) {
  switch (format) {
    case Linear::Format::kInt8: return 1;
    case Linear::Format::kBf16: return 2;
    case Linear::Format::kF32: break;
  }
  return sizeof(float);
}

// A product of `rows` rows with all of the weights.
inline profile::Work WorkOf(const Linear& layer, size_t rows) {
  const size_t weights = layer.inputs() * layer.outputs();
  return {2 * rows * weights, weights * BytesOf(layer.format())};
}

}  // namespace verbatim::nn
