// Which instruction sets this machine has, and which one our own kernels use. oneDNN chooses for
// itself (its limit is the environment variable ONEDNN_MAX_CPU_ISA).
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"

namespace verbatim::kernels {

// In order of preference, best last.
enum class InstructionSet { kPlain, kAvx2, kAvx512 };

std::string_view InstructionSetName(InstructionSet set);  // "plain", "avx2", "avx512"

// True if this CPU can run the set's kernels.
bool IsSupported(InstructionSet set);

// The best supported set, or the one that the environment variable VERBATIM_KERNELS names.
// Errors: kInvalidArgument if that name is unknown or the CPU lacks it.
Result<InstructionSet> ChooseInstructionSet();

// Makes the calling thread ready for kernels: oneDNN works on this thread alone (parallel work is
// ours), and denormal numbers count as zero, so that near-silence costs no more than speech. Call
// once at the start of each thread.
void PrepareThread();

}  // namespace verbatim::kernels
