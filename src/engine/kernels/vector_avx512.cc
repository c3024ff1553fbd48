// The vector kernels for CPUs with AVX-512 (F, BW, DQ, VL); compiled with those flags alone (see
// CMakeLists.txt).
#if defined(__x86_64__)
#define VERBATIM_LANES 16
#define VERBATIM_TABLE kAvx512Kernels
#include "kernels/impl/vector_body.inc"
#endif
