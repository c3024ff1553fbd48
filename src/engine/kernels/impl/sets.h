// The tables of the instruction sets, each defined in the file compiled for it.
#pragma once

#include "kernels/attention.h"
#include "kernels/int8.h"
#include "kernels/int8_attention.h"
#include "kernels/spectrum.h"
#include "kernels/vector.h"

namespace verbatim::kernels {

namespace plain {
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const Int8Kernels kInt8;
extern const SpectrumKernels kSpectrum;
extern const Int8AttentionKernels kInt8Attention;
}  // namespace plain
#if defined(__x86_64__)
namespace avx2 {
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const Int8Kernels kInt8;
extern const SpectrumKernels kSpectrum;
extern const Int8AttentionKernels kInt8Attention;
}  // namespace avx2
namespace avx2_vnni {
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const Int8Kernels kInt8;
extern const SpectrumKernels kSpectrum;
extern const Int8AttentionKernels kInt8Attention;
}  // namespace avx2_vnni
namespace avx512 {
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const Int8Kernels kInt8;
extern const SpectrumKernels kSpectrum;
extern const Int8AttentionKernels kInt8Attention;
}  // namespace avx512
namespace avx512_vnni {
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const Int8Kernels kInt8;
extern const SpectrumKernels kSpectrum;
extern const Int8AttentionKernels kInt8Attention;
}  // namespace avx512_vnni
namespace avx512_bf16 {
extern const AttentionKernels kAttentionBf16;
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const Int8Kernels kInt8;
extern const SpectrumKernels kSpectrum;
extern const Int8AttentionKernels kInt8Attention;
}  // namespace avx512_bf16
namespace amx {
extern const AttentionKernels kAttentionBf16;
extern const VectorKernels kVector;
extern const AttentionKernels kAttention;
extern const Int8Kernels kInt8;
extern const SpectrumKernels kSpectrum;
extern const Int8AttentionKernels kInt8Attention;
}  // namespace amx
#endif

}  // namespace verbatim::kernels
