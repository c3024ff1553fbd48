// The truth: 8-bit products as their definition reads, for tests and for CPUs without wider
// instructions.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/impl/sets.h"
#include "kernels/int8.h"

namespace verbatim::kernels {
namespace {

constexpr size_t kPanelColumns = 1;

Int8Scale Quantise(const float* in, size_t inputs, std::byte* out) {
  const float largest = std::max(0.0F, *std::max_element(in, in + inputs));
  const float smallest = std::min(0.0F, *std::min_element(in, in + inputs));
  const float factor = largest > smallest ? 255.0F / (largest - smallest) : 0.0F;
  const auto zero_point = static_cast<int32_t>(std::lrint(-smallest * factor));
  for (size_t i = 0; i < inputs; ++i) {
    const auto value = static_cast<int32_t>(std::lrint(in[i] * factor)) + zero_point;
    out[i] = static_cast<std::byte>(std::clamp(value, 0, 255));
  }
  return {(largest - smallest) / 255.0F, zero_point};
}

void Pack(const int8_t* weights, size_t columns, size_t inputs, int8_t* panel) {
  std::copy_n(weights, columns * inputs, panel);
}

float Finished(Finish finish, float value, float before) {
  if (finish == Finish::kGelu) return value * 0.5F * (1 + std::erf(value * 0.70710678F));
  return finish == Finish::kAdd ? before + value : value;
}

void Multiply(const Int8Block& block) {
  for (size_t row = 0; row < block.rows; ++row) {
    const auto* in = reinterpret_cast<const uint8_t*>(block.in + row * block.in_stride);
    const Int8Scale& in_scale = block.in_scales[row];
    for (size_t column = 0; column < block.columns; ++column) {
      const int8_t* weights = block.weights + column * block.inputs;
      int32_t sum = 0;
      for (size_t i = 0; i < block.inputs; ++i) sum += in[i] * weights[i];
      sum -= in_scale.zero_point * block.sums[column];
      const float scale = block.scales[column] * in_scale.scale;
      const float bias = block.bias == nullptr ? 0 : block.bias[column];
      float& out = block.out[row * block.out_stride + column];
      out = Finished(block.finish, std::fma(static_cast<float>(sum), scale, bias), out);
    }
  }
}

}  // namespace

const Int8Kernels plain::kInt8 = {kPanelColumns, 1, 1, 1, 0, Quantise, Pack, Multiply};

}  // namespace verbatim::kernels
