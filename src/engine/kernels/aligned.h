// An array that begins at a cache line, so that no vector of it lies across two. Large ones are in
// large pages where the system has them: reading them from end to end then takes few look-ups of
// addresses.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "base/no_memory.h"

namespace verbatim::kernels {

#ifdef __SANITIZE_THREAD__  // whose allocator cannot free what is aligned to large pages
inline constexpr size_t kLargePage = size_t{1} << 62;
#else
inline constexpr size_t kLargePage = size_t{1} << 21;
#endif

template <typename Number>
class Aligned {
 public:
  Aligned() = default;
  // The content is undefined.
  explicit Aligned(size_t size) : size_(size) {
    constexpr size_t kLine = 64;
    const size_t unit = size * sizeof(Number) < kLargePage ? kLine : kLargePage;
    const size_t bytes = (size * sizeof(Number) + unit - 1) / unit * unit;
    data_.reset(static_cast<Number*>(std::aligned_alloc(unit, bytes)));
    RequireMemory(size == 0 || data_ != nullptr);
    if (unit == kLargePage) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // a wish, never an error
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
