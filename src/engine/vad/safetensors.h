// Reads the safetensors container: eight bytes with the length of a JSON header, the header, which
// names each tensor with its type, shape and byte range, then the tensors' bytes. Made for
// untrusted bytes: every number is range-checked. Only 32-bit floats are given out, which is all
// that the speech detector's weights need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace verbatim::vad {

class Safetensors {
 public:
  // Takes the container apart; the bytes must outlive the result, which refers to them.
  // Errors: kCorruptModel for anything that is not whole: lengths beyond the end, header not JSON,
  // shape not matching range.
  static Result<Safetensors> Parse(std::span<const std::byte> bytes);

  // Copies a tensor out, row-major.
  // Errors: kCorruptModel if it is absent, no F32, of another shape, or holds a value that is not
  // finite.
  Result<std::vector<float>> Floats(std::string_view name, std::span<const size_t> shape) const;

  std::vector<std::string> names() const;  // ascending

 private:
  struct Tensor {
    bool is_f32 = false;
    std::vector<size_t> shape;
    std::span<const std::byte> bytes;
  };

  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace verbatim::vad
