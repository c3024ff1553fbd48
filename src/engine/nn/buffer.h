// Room for floats that begin as zeros and cost memory only where they are written: most rows of a
// decoder's buffers are never used in a run.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/check.h"

namespace verbatim::nn {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t size)
      : size_(size), data_(static_cast<float*>(std::calloc(size, sizeof(float)))) {
    CHECK(size == 0 || data_ != nullptr);
  }

  size_t size() const { return size_; }
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::span<float> span() { return {data_.get(), size_}; }
  std::span<const float> span() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(float* data) const { std::free(data); }
  };
  size_t size_ = 0;
  std::unique_ptr<float[], Free> data_;
};

}  // namespace verbatim::nn
