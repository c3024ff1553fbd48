// Memory that a library of C did not get: that ends as our own allocations do, in base/contain.h.
#pragma once

#include <new>

namespace verbatim {

// Throws std::bad_alloc unless it is done. For calls that fail for lack of memory alone.
inline void RequireMemory(bool is_done) {
  if (!is_done) throw std::bad_alloc();
}

}  // namespace verbatim
