// What the machine has to give at the start of a run.
#pragma once

#include <cstdint>

namespace verbatim::pipeline {

// Memory that can be had without pushing others out: MemAvailable, or what the control group has
// left if that is less. Unit: bytes, 0 = unknown.
uint64_t FreeMemoryBytes();

// CPUs this process may use: its affinity and its control group's quota.
int UsableCpus();

}  // namespace verbatim::pipeline
