// The tables of the instruction sets, each defined in the file compiled for it.
#pragma once

#include "kernels/vector.h"

namespace verbatim::kernels {

extern const VectorKernels kPlainKernels;
#if defined(__x86_64__)
extern const VectorKernels kAvx2Kernels;
extern const VectorKernels kAvx512Kernels;
#endif

}  // namespace verbatim::kernels
