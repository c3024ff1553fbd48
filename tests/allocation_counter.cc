#include "tests/allocation_counter.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<size_t> allocation_count{0};
std::atomic<size_t> own_allocation_count{0};
}  // namespace

// Where the program's own code lies, as the linker says.
extern "C" const char __executable_start;  // NOLINT: the linker names it
extern "C" const char etext;               // NOLINT: the linker names it

namespace {

void* Allocate(size_t size, const void* caller) noexcept {
  ++allocation_count;
  const auto* from = static_cast<const char*>(caller);
  if (from >= &__executable_start && from < &etext) ++own_allocation_count;
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

// The compiler must not see that these are malloc and free.
[[gnu::noinline]] void* operator new(size_t size) {
  if (void* memory = Allocate(size, __builtin_return_address(0))) return memory;
  std::abort();
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size, __builtin_return_address(0));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace verbatim::tests {

size_t AllocationCount() { return allocation_count; }
size_t OwnAllocationCount() { return own_allocation_count; }

}  // namespace verbatim::tests
