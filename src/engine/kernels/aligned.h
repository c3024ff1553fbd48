// An array that begins at a cache line, so that no vector of it lies across two.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "base/check.h"

namespace verbatim::kernels {

template <typename Number>
class Aligned {
 public:
  Aligned() = default;
  // The content is undefined.
  explicit Aligned(size_t size) : size_(size) {
    constexpr size_t kLine = 64;
    const size_t bytes = (size * sizeof(Number) + kLine - 1) / kLine * kLine;
    data_.reset(static_cast<Number*>(std::aligned_alloc(kLine, bytes)));
    CHECK(size == 0 || data_ != nullptr);
  }

  size_t size() const { return size_; }
  Number* data() { return data_.get(); }
  const Number* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(Number* data) const { std::free(data); }
  };
  size_t size_ = 0;
  std::unique_ptr<Number[], Free> data_;
};

}  // namespace verbatim::kernels
