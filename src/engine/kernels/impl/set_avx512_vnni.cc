// The kernels for CPUs with AVX-512 and its VNNI; compiled for those instructions alone
// (see CMakeLists.txt).
#if defined(__x86_64__)
#define VERBATIM_LANES 16
#define VERBATIM_SET avx512_vnni
#include "kernels/impl/simd.inc"
#include "kernels/impl/vector_body.inc"
#include "kernels/impl/int8_body.inc"
#include "kernels/impl/attention_body.inc"
#include "kernels/impl/spectrum_body.inc"
#include "kernels/impl/int8_attention_body.inc"
#endif
