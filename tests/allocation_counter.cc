#include "tests/allocation_counter.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

#include "tests/sanitizers.h"

namespace {
std::atomic<size_t> allocation_count{0};
std::atomic<size_t> own_allocation_count{0};
thread_local size_t until_refusal = 0;
}  // namespace

// Where the program's own code lies, as the linker says.
extern "C" const char __executable_start;  // NOLINT: the linker names it
extern "C" const char etext;               // NOLINT: the linker names it

#if !VERBATIM_IS_SANITIZED
// The C library's own names for what the functions below replace in the whole program.
extern "C" {
void* __libc_malloc(size_t size);                      // NOLINT: the C library names it
void* __libc_calloc(size_t count, size_t size);        // NOLINT
void* __libc_realloc(void* memory, size_t size);       // NOLINT
void* __libc_memalign(size_t alignment, size_t size);  // NOLINT

void* malloc(size_t size) noexcept {
  ++allocation_count;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) noexcept {
  ++allocation_count;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) noexcept {
  ++allocation_count;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) noexcept {
  ++allocation_count;
  return __libc_memalign(alignment, size);
}
void* memalign(size_t alignment, size_t size) noexcept {
  ++allocation_count;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) noexcept {
  ++allocation_count;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}
#endif

namespace {

// What malloc counts is not counted twice.
void* Allocate(size_t size, const void* caller) noexcept {
  if (verbatim::tests::kIsSanitized) ++allocation_count;
  const auto* from = static_cast<const char*>(caller);
  if (from >= &__executable_start && from < &etext) ++own_allocation_count;
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

// The compiler must not see that these are malloc and free.
[[gnu::noinline]] void* operator new(size_t size) {
  if (until_refusal > 0 && --until_refusal == 0) throw std::bad_alloc();
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

void RefuseAllocation(size_t n) { until_refusal = n; }
bool IsAllocationToBeRefused() { return until_refusal > 0; }

}  // namespace verbatim::tests
