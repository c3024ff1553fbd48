// Counts what a test program allocates, for tests of loops that must not, and refuses it, for tests
// of what happens then. A room asks for it in its CMakeLists.txt: TEST_SOURCES
// ${VERBATIM_ALLOCATION_COUNTER}.
#pragma once

#include <cstddef>

namespace verbatim::tests {

// How often memory has been asked for so far, by any thread and any library, with malloc and its
// kin or with operator new. Under sanitizers, which keep malloc to themselves: with operator new
// alone.
size_t AllocationCount();

// How often with operator new from the program's own code: what shared libraries such as oneDNN do
// inside is left out.
size_t OwnAllocationCount();

// The n-th operator new of this thread from now on throws std::bad_alloc, once. 0: none.
void RefuseAllocation(size_t n);
// Whether it is still to come.
bool IsAllocationToBeRefused();

}  // namespace verbatim::tests
