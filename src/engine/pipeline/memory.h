// What the machine has to give at the start of a run, and what the process took.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace verbatim::pipeline {

// Memory that can be had without pushing others out, or what control groups and the limit of the
// address space leave if that is less. Unit: bytes, 0 = unknown.
uint64_t FreeMemoryBytes();

// What RLIMIT_AS leaves: reserving more than that fails. Unit: bytes. None: there is no limit.
std::optional<uint64_t> AddressSpaceBytes();

// Makes the allocator give back large pieces at once, so that models and workers that come and go
// leave no holes, and, where the address space has a limit, reserve little of it in advance. For
// the whole process; to be called before threads start.
void FitAllocator();

// Memory this process holds now. Unit: bytes, 0 = unknown.
uint64_t ResidentBytes();

// The most memory this process has held since its start, or since the last reset. Unit: bytes, 0 =
// unknown.
uint64_t PeakMemoryBytes();

// From now on the peak is counted anew. Does nothing where the system does not allow it.
void ResetPeakMemory();

// CPUs this process may use: its affinity and its control group's quota.
int UsableCpus();

// The instruction set that the engine's kernels use here: "avx2", "amx"; "plain" if it knows none
// of this CPU. Errors: kInvalidArgument (VERBATIM_KERNELS names one that is not to be had).
Result<std::string> InstructionSetName();

// The name of the CPU's model as the system gives it, or "unknown".
std::string CpuName();

}  // namespace verbatim::pipeline
