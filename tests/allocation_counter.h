// Counts what a test program allocates, for tests of loops that must not. A room asks for it in its
// CMakeLists.txt: TEST_SOURCES ${VERBATIM_ALLOCATION_COUNTER}.
#pragma once

#include <cstddef>

namespace verbatim::tests {

// How often operator new has been called so far, by any thread and any library.
size_t AllocationCount();

// How often from the program's own code: what shared libraries such as oneDNN do inside is left
// out.
size_t OwnAllocationCount();

}  // namespace verbatim::tests
