// Reads the .npy files that tests compare with: little-endian f32, f16, or i16 samples (scaled to
// [-1, 1)), C order, format 1 to 3.
// For tests alone: a file that is not so ends in an empty shape, which the test then reports.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace verbatim::tests {

struct NpyArray {
  std::vector<size_t> shape;  // empty if the file is absent or foreign
  std::vector<float> values;  // row-major

  bool ok() const { return !shape.empty(); }
};

// One IEEE half-precision number.
inline float HalfToFloat(uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const int fraction = half & 0x3ff;
  const float sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  if (exponent == 31) return sign * (fraction == 0 ? INFINITY : NAN);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

template <typename T>
T NpyElement(std::string_view data, size_t index) {
  T value{};
  std::memcpy(&value, data.data() + index * sizeof(T), sizeof(T));
  return value;
}

// The numbers between the parentheses of 'shape': (3, 4).
inline std::vector<size_t> NpyShape(std::string_view header) {
  std::vector<size_t> shape;
  const size_t key = header.find("'shape'");
  const size_t open = header.find('(', key);
  const size_t close = header.find(')', open);
  if (key == header.npos || open == header.npos || close == header.npos) return shape;
  std::string text(header.substr(open + 1, close - open - 1));
  for (char* at = text.data(); *at != 0;) {
    char* end = nullptr;
    const unsigned long extent = std::strtoul(at, &end, 10);
    if (end == at) {
      ++at;
      continue;
    }
    shape.push_back(extent);
    at = end;
  }
  return shape;
}

inline NpyArray ReadNpy(const std::filesystem::path& path) {
  static_assert(std::endian::native == std::endian::little);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) return {};
  const size_t length_bytes = bytes[6] == 1 ? 2 : 4;
  uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data() + 8, length_bytes);
  const size_t begin = 8 + length_bytes + header_bytes;
  if (begin > bytes.size()) return {};
  const std::string_view header = std::string_view(bytes).substr(8 + length_bytes, header_bytes);
  const auto holds = [&](std::string_view text) { return header.find(text) != header.npos; };
  const bool is_half = holds("'<f2'");
  const bool is_sample = holds("'<i2'");
  if (!is_half && !is_sample && !holds("'<f4'")) return {};
  if (!holds("'fortran_order': False")) return {};

  NpyArray array{NpyShape(header), {}};
  size_t count = 1;
  for (const size_t extent : array.shape) count *= extent;
  const std::string_view data = std::string_view(bytes).substr(begin);
  if (data.size() != count * (is_half || is_sample ? 2 : 4)) return {};
  array.values.resize(count);
  for (size_t i = 0; i < count; ++i) {
    if (is_half) {
      array.values[i] = HalfToFloat(NpyElement<uint16_t>(data, i));
    } else if (is_sample) {
      array.values[i] = static_cast<float>(NpyElement<int16_t>(data, i)) / 32768.0F;
    } else {
      array.values[i] = NpyElement<float>(data, i);
    }
  }
  return array;
}

// The folder of reference numbers that travel with the project.
inline std::filesystem::path GoldenReference() {
  return std::filesystem::path(VERBATIM_ROOT) / "tests/golden/reference";
}

// The folder of larger data beside the project, or where VERBATIM_SHARED says; it may be absent.
inline std::filesystem::path SharedFolder() {
  if (const char* folder = std::getenv("VERBATIM_SHARED")) return folder;
  return std::filesystem::path(VERBATIM_ROOT) / "../shared";
}

}  // namespace verbatim::tests
