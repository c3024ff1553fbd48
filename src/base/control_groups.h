// The limits that control groups set on this process, of either version, or of both at once. A
// process is bound by its own group and by every group around it.
// Source: the kernel's admin-guide/cgroup-v2 and cgroup-v1/memory; sched-bwc for quotas.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace verbatim {

// Where to look: the folders of the groups that hold this process, innermost first.
struct GroupFolders {
  std::vector<std::filesystem::path> v2;
  std::vector<std::filesystem::path> v1_memory;
  std::vector<std::filesystem::path> v1_cpu;
};

// Reads /proc/self/cgroup. Without it the outermost groups are taken, which is what a container
// sees of its own.
GroupFolders FindGroups(const std::filesystem::path& root);

struct GroupMemory {
  uint64_t limit = 0;      // bytes
  uint64_t available = 0;  // bytes; pages of files that can be dropped at once count as available
  std::string source;
};

// Every limit there is. A group whose use is unknown is taken to have half of its limit left.
std::vector<GroupMemory> GroupMemories(const GroupFolders& folders);

struct GroupQuota {
  double cpus = 0;
  std::string source;
};

// The tightest quota, if any.
std::optional<GroupQuota> TightestQuota(const GroupFolders& folders);

}  // namespace verbatim
