// What the system says this process may have of the machine: memory and CPUs. Read from the text
// files below a root folder, so that tests can give one of their own. What cannot be read, or
// cannot be true, is none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/control_groups.h"

namespace verbatim {

// What one source says of memory; 0 available is a value, too. Unit: bytes.
struct MemoryView {
  uint64_t total = 0;
  std::optional<uint64_t> available;
  std::string source;  // "meminfo", "cgroup v2 memory.max" ...
};

// Of the machine, of every group around the process, and of its address space. Each binds.
std::vector<MemoryView> MemoryViews(const std::filesystem::path& root, const GroupFolders& groups);

// What RLIMIT_AS leaves, which counts what is mapped, not what is in memory. None: no limit.
std::optional<MemoryView> AddressSpace(const std::filesystem::path& root);

// Memory of a process. Unit: bytes.
struct ProcessPages {
  uint64_t mapped = 0;
  uint64_t resident = 0;
};

// That of this one.
std::optional<ProcessPages> ReadProcessPages(const std::filesystem::path& root);

// CPUs that the affinity allows.
std::optional<int> AllowedCpus(const std::filesystem::path& root);

}  // namespace verbatim
