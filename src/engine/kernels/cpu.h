// Which instruction sets this machine has, and which one our own kernels use. The environment
// variable ONEDNN_MAX_CPU_ISA limits oneDNN and our kernels alike; VERBATIM_KERNELS names the set
// of our kernels alone.
#pragma once

#include <array>
#include <string_view>

#include "base/error.h"

namespace verbatim::kernels {

// In order of preference, best last.
enum class InstructionSet { kPlain, kAvx2, kAvx2Vnni, kAvx512, kAvx512Vnni, kAvx512Bf16, kAmx };

inline constexpr std::array kInstructionSets = {
    InstructionSet::kPlain,  InstructionSet::kAvx2,       InstructionSet::kAvx2Vnni,
    InstructionSet::kAvx512, InstructionSet::kAvx512Vnni, InstructionSet::kAvx512Bf16,
    InstructionSet::kAmx};

std::string_view InstructionSetName(InstructionSet set);  // "plain", "avx2", "avx2_vnni" ...

// True if this CPU can run the set's kernels and the limit of ONEDNN_MAX_CPU_ISA allows them.
bool IsSupported(InstructionSet set);

// The best supported set, or the one that the environment variable VERBATIM_KERNELS names.
// Errors: kInvalidArgument if that name is unknown or the CPU lacks it.
Result<InstructionSet> ChooseInstructionSet();

// Makes the calling thread ready for kernels: oneDNN works on this thread alone (parallel work is
// ours), and denormal numbers count as zero, so that near-silence costs no more than speech. Call
// once at the start of each thread.
void PrepareThread();

}  // namespace verbatim::kernels
