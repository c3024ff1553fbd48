#include "kernels/cpu.h"

#include <algorithm>
#include <cstdlib>
#include <oneapi/dnnl/dnnl.hpp>
#include <ranges>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

// OpenMP 5.0, section 3.2.1. Declared here because Clang does not find GCC's omp.h.
extern "C" void omp_set_num_threads(int count) noexcept;

namespace verbatim::kernels {

namespace {

#if defined(__x86_64__)
// Leaf 7.1, EAX bit 4; the compiler's own test does not know the name. Source: Intel, "Instruction
// Set Extensions Programming Reference", chapter 1.
bool HasAvxVnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & (1U << 4)) != 0;
}

// Leaf 7, EDX: bit 22 amx_bf16, bit 24 amx_tile, bit 25 amx_int8. Source: the same, chapter 1.
bool HasTiles() {
  constexpr unsigned kBits = (1U << 22) | (1U << 24) | (1U << 25);
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kBits) == kBits;
}

// Linux lets a process use tiles once it has asked; all its threads then may. Source: the kernel's
// documentation, "Using XSTATE features in user space applications".
bool MayUseTiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  static const bool is_granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return is_granted;
}
#endif

bool CpuHas(InstructionSet set) {
#if defined(__x86_64__)
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("f16c");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool has_bf16 =
      has_avx512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
  switch (set) {
    case InstructionSet::kPlain: return true;
    case InstructionSet::kAvx2: return has_avx2;
    case InstructionSet::kAvx2Vnni: return has_avx2 && HasAvxVnni();
    case InstructionSet::kAvx512: return has_avx512;
    case InstructionSet::kAvx512Vnni: return has_avx512 && __builtin_cpu_supports("avx512vnni");
    case InstructionSet::kAvx512Bf16: return has_bf16;
    case InstructionSet::kAmx: return has_bf16 && HasTiles() && MayUseTiles();
  }
#endif
  return set == InstructionSet::kPlain;
}

// oneDNN knows the limit that its environment variable sets.
bool IsWithinLimit(InstructionSet set) {
  const auto limit = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto allows = [limit](dnnl::cpu_isa isa) {
    return (limit & static_cast<unsigned>(isa)) == static_cast<unsigned>(isa);
  };
  switch (set) {
    case InstructionSet::kPlain: return true;
    case InstructionSet::kAvx2: return allows(dnnl::cpu_isa::avx2);
    case InstructionSet::kAvx2Vnni:
      return allows(dnnl::cpu_isa::avx2_vnni) || allows(dnnl::cpu_isa::avx512_core_vnni);
    case InstructionSet::kAvx512: return allows(dnnl::cpu_isa::avx512_core);
    case InstructionSet::kAvx512Vnni: return allows(dnnl::cpu_isa::avx512_core_vnni);
    case InstructionSet::kAvx512Bf16: return allows(dnnl::cpu_isa::avx512_core_bf16);
    case InstructionSet::kAmx: return allows(dnnl::cpu_isa::avx512_core_amx);
  }
  return false;
}

std::string KnownNames() {
  std::string names;
  for (InstructionSet set : kInstructionSets) {
    names += (names.empty() ? "" : ", ") + std::string(InstructionSetName(set));
  }
  return names;
}

}  // namespace

std::string_view InstructionSetName(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPlain: return "plain";
    case InstructionSet::kAvx2: return "avx2";
    case InstructionSet::kAvx2Vnni: return "avx2_vnni";
    case InstructionSet::kAvx512: return "avx512";
    case InstructionSet::kAvx512Vnni: return "avx512_vnni";
    case InstructionSet::kAvx512Bf16: return "avx512_bf16";
    case InstructionSet::kAmx: return "amx";
  }
  return "plain";
}

bool IsSupported(InstructionSet set) { return CpuHas(set) && IsWithinLimit(set); }

Result<InstructionSet> ChooseInstructionSet() {
  const char* forced = std::getenv("VERBATIM_KERNELS");
  if (forced == nullptr) {
    return *std::ranges::find_if(kInstructionSets | std::views::reverse, IsSupported);
  }
  const auto named = std::ranges::find(kInstructionSets, forced, InstructionSetName);
  if (named == kInstructionSets.end()) {
    return Fail(ErrorCode::kInvalidArgument, "VERBATIM_KERNELS is \"" + std::string(forced) +
                                                 "\", which is no set of kernels: use one of " +
                                                 KnownNames());
  }
  if (!IsSupported(*named)) {
    return Fail(ErrorCode::kInvalidArgument, "VERBATIM_KERNELS asks for \"" + std::string(forced) +
                                                 "\", which this CPU does not have");
  }
  return *named;
}

void PrepareThread() {
  omp_set_num_threads(1);
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040U);  // flush to zero, denormals are zero
#endif
}

}  // namespace verbatim::kernels
