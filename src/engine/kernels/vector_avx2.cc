// The vector kernels for CPUs with AVX2 and FMA; compiled with those flags alone (see
// CMakeLists.txt).
#if defined(__x86_64__)
#define VERBATIM_LANES 8
#define VERBATIM_TABLE kAvx2Kernels
#include "kernels/impl/vector_body.inc"
#endif
