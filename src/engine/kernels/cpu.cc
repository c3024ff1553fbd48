#include "kernels/cpu.h"

#include <cstdlib>
#include <string>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// OpenMP 5.0, section 3.2.1. Declared here because Clang does not find GCC's omp.h.
extern "C" void omp_set_num_threads(int count) noexcept;

namespace verbatim::kernels {

std::string_view InstructionSetName(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPlain: return "plain";
    case InstructionSet::kAvx2: return "avx2";
    case InstructionSet::kAvx512: return "avx512";
  }
  return "plain";
}

bool IsSupported(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::kPlain: return true;
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c");
    case InstructionSet::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("f16c");
  }
#endif
  return set == InstructionSet::kPlain;
}

Result<InstructionSet> ChooseInstructionSet() {
  InstructionSet best = InstructionSet::kPlain;
  const char* forced = std::getenv("VERBATIM_KERNELS");
  bool is_known = forced == nullptr;
  for (InstructionSet set :
       {InstructionSet::kPlain, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (forced == nullptr && IsSupported(set)) best = set;
    if (forced != nullptr && InstructionSetName(set) == forced) {
      best = set;
      is_known = true;
    }
  }
  if (!is_known) {
    return Fail(ErrorCode::kInvalidArgument,
                "VERBATIM_KERNELS is \"" + std::string(forced) +
                    "\", which is no set of kernels: use plain, avx2 or avx512");
  }
  if (!IsSupported(best)) {
    return Fail(ErrorCode::kInvalidArgument, "VERBATIM_KERNELS asks for \"" + std::string(forced) +
                                                 "\", which this CPU does not have");
  }
  return best;
}

void PrepareThread() {
  omp_set_num_threads(1);
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040U);  // flush to zero, denormals are zero
#endif
}

}  // namespace verbatim::kernels
