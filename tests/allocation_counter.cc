#include "tests/allocation_counter.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<size_t> allocation_count{0};
std::atomic<size_t> own_allocation_count{0};
}  // namespace

// Where the program's own code lies, as the linker says.
extern "C" const char __executable_start;
extern "C" const char etext;

[[gnu::noinline]] void* operator new(size_t size) {
  ++allocation_count;
  const auto* caller = static_cast<const char*>(__builtin_return_address(0));
  if (caller >= &__executable_start && caller < &etext) ++own_allocation_count;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace verbatim::tests {

size_t AllocationCount() { return allocation_count; }
size_t OwnAllocationCount() { return own_allocation_count; }

}  // namespace verbatim::tests
