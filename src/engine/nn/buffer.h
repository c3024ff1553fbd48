// Room for numbers that begin as zeros and cost memory only where they are written: most rows of a
// decoder's buffers are never used in a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/no_memory.h"

namespace verbatim::nn {

// An array of numbers, all zero at first.
template <typename Number>
class Zeros {
 public:
  Zeros() = default;
  explicit Zeros(size_t size)
      : size_(size), data_(static_cast<Number*>(std::calloc(size, sizeof(Number)))) {
    RequireMemory(size == 0 || data_ != nullptr);
  }

  size_t size() const { return size_; }
  Number* data() { return data_.get(); }
  const Number* data() const { return data_.get(); }
  std::span<Number> span() { return {data_.get(), size_}; }
  std::span<const Number> span() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(Number* data) const { std::free(data); }
  };
  size_t size_ = 0;
  std::unique_ptr<Number[], Free> data_;
};

using Buffer = Zeros<float>;
using HalfBuffer = Zeros<uint16_t>;

}  // namespace verbatim::nn
