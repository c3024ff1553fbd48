// The tables of the instruction sets, each defined in the file compiled for it.
#pragma once

#include "kernels/vector.h"

namespace verbatim::kernels {

namespace plain {
extern const VectorKernels kVector;
}
#if defined(__x86_64__)
namespace avx2 {
extern const VectorKernels kVector;
}
namespace avx2_vnni {
extern const VectorKernels kVector;
}
namespace avx512 {
extern const VectorKernels kVector;
}
namespace avx512_vnni {
extern const VectorKernels kVector;
}
namespace avx512_bf16 {
extern const VectorKernels kVector;
}
#endif

}  // namespace verbatim::kernels
