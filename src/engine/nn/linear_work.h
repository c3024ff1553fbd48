// What products with layers take, as the stage meter counts it.
#pragma once

#include <cstddef>

#include "nn/linear.h"
#include "profile/stage_meter.h"

namespace verbatim::nn {

// A product of `rows` rows with all of the weights.
inline profile::Work WorkOf(const Linear& layer, size_t rows) {
  const size_t weights = layer.inputs() * layer.outputs();
  return {2 * rows * weights, weights * sizeof(float)};
}

}  // namespace verbatim::nn
