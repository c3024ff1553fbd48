#include "pipeline/memory.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/control_groups.h"
#include "base/machine.h"
#include "base/system_text.h"
#include "kernels/cpu.h"

namespace verbatim::pipeline {
namespace {

constexpr char kRoot[] = "/";

// A field of /proc/self/status. Unit: bytes.
uint64_t StatusField(std::string_view name) {
  const std::optional<std::string> text = ReadText("/proc/self/status");
  return text ? FindKilobytes(*text, name).value_or(0) : 0;
}

}  // namespace

uint64_t FreeMemoryBytes() {
  uint64_t least = std::numeric_limits<uint64_t>::max();
  for (const MemoryView& view : MemoryViews(kRoot, FindGroups(kRoot))) {
    least = std::min(least, view.available.value_or(least));
  }
  if (least == std::numeric_limits<uint64_t>::max()) return 0;
  return std::max<uint64_t>(least, 1);
}

std::optional<uint64_t> AddressSpaceBytes() {
  const std::optional<MemoryView> view = AddressSpace(kRoot);
  return view ? view->available : std::nullopt;
}

// By itself glibc takes pieces of up to 32 MB from its heaps, once one of that size was freed: a
// server near its limit of memory then grows with each worker that is made anew. There are 8 heaps
// for each CPU, each of which reserves 64 MB.
void FitAllocator() {
  constexpr int kLarge = 1 << 20;
  const int arenas = AddressSpaceBytes() ? 2 : std::max(2, UsableCpus());
  mallopt(M_ARENA_MAX, arenas);
  mallopt(M_MMAP_THRESHOLD, kLarge);
  mallopt(M_TRIM_THRESHOLD, 2 * kLarge);
}

uint64_t ResidentBytes() { return StatusField("VmRSS:"); }

uint64_t PeakMemoryBytes() { return StatusField("VmHWM:"); }

// Source: proc(5), /proc/pid/clear_refs: 5 resets the peak of the resident set.
void ResetPeakMemory() { std::ofstream("/proc/self/clear_refs") << '5'; }

// A part of a CPU counts as one.
int UsableCpus() {
  const int online = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int allowed = AllowedCpus(kRoot).value_or(online);
  const std::optional<GroupQuota> quota = TightestQuota(FindGroups(kRoot));
  if (!quota || quota->cpus >= allowed) return allowed;
  return std::max(1, static_cast<int>(std::ceil(quota->cpus)));
}

// Source: proc(5), /proc/cpuinfo; each processor has its line "model name : NAME".
Result<std::string> InstructionSetName() {
  return std::string(kernels::InstructionSetName(TRY(kernels::ChooseInstructionSet())));
}

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const size_t begin =
        line.find_first_not_of(" \t", std::min(line.find(':'), line.size() - 1) + 1);
    if (begin != std::string::npos) return line.substr(begin);
  }
  return "unknown";
}

}  // namespace verbatim::pipeline
