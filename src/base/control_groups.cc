#include "base/control_groups.h"

#include <algorithm>
#include <string_view>

#include "base/system_text.h"

namespace verbatim {
namespace {

namespace fs = std::filesystem;

// A mount of groups, and what is below it on the way to `group`, innermost first.
void AddFolders(const fs::path& mount, const fs::path& group, std::vector<fs::path>& folders) {
  fs::path below = group.relative_path();
  // A group outside of what this process sees, "/../x", has no folder here.
  const bool is_visible = std::ranges::find(below, fs::path("..")) == below.end();
  while (is_visible && !below.empty()) {
    folders.push_back(mount / below);
    below = below.parent_path();
  }
  folders.push_back(mount);
}

bool HasController(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    if (one == name) return true;
    list.remove_prefix(std::min(one.size() + 1, list.size()));
  }
  return false;
}

// What each kind of group is called: "hierarchy:controllers:path", one a line.
struct GroupPaths {
  std::string v2 = "/";
  std::string v1_memory = "/";
  std::string v1_cpu = "/";
};

GroupPaths ParsePaths(std::string_view text) {
  GroupPaths paths;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    if (controllers.empty()) paths.v2 = path;
    if (HasController(controllers, "memory")) paths.v1_memory = path;
    if (HasController(controllers, "cpu")) paths.v1_cpu = path;
  }
  return paths;
}

std::optional<uint64_t> Smaller(std::optional<uint64_t> a, std::optional<uint64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

struct MemoryFiles {
  std::string usage;
  std::string inactive;  // the line of memory.stat
  std::string source;
};

std::optional<GroupMemory> MemoryOf(const fs::path& folder, const MemoryFiles& files,
                                    std::optional<uint64_t> limit) {
  if (!limit || *limit == 0) return std::nullopt;
  const std::optional<uint64_t> usage = ReadBytes(folder / files.usage);
  if (!usage) return GroupMemory{*limit, *limit / 2, files.source + " (its use is unknown)"};
  const std::optional<std::string> stat = ReadText(folder / "memory.stat");
  const std::optional<std::string_view> field =
      stat ? FindField(*stat, files.inactive) : std::nullopt;
  const uint64_t inactive = field ? ParseCount(*field).value_or(0) : 0;
  const uint64_t used = *usage - std::min(*usage, inactive);
  return GroupMemory{*limit, *limit > used ? *limit - used : 0, files.source};
}

// "200000 100000", "max 100000".
std::optional<double> QuotaV2(const fs::path& folder) {
  const std::optional<std::string> text = ReadText(folder / "cpu.max");
  if (!text) return std::nullopt;
  const std::optional<uint64_t> quota = ParseCount(*text);
  const std::optional<uint64_t> period =
      ParseCount(std::string_view(*text).substr(std::min(text->find(' '), text->size())));
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

// -1, no quota, is no count.
std::optional<double> QuotaV1(const fs::path& folder) {
  const std::optional<uint64_t> quota = ReadBytes(folder / "cpu.cfs_quota_us");
  const std::optional<uint64_t> period = ReadBytes(folder / "cpu.cfs_period_us");
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

GroupFolders FindGroups(const fs::path& root) {
  const std::optional<std::string> text = ReadText(root / "proc/self/cgroup");
  const GroupPaths paths = ParsePaths(text ? *text : "");
  const fs::path mounts = root / "sys/fs/cgroup";
  GroupFolders folders;
  AddFolders(mounts, paths.v2, folders.v2);
  AddFolders(mounts / "unified", paths.v2, folders.v2);
  AddFolders(mounts / "memory", paths.v1_memory, folders.v1_memory);
  AddFolders(mounts / "cpu", paths.v1_cpu, folders.v1_cpu);
  AddFolders(mounts / "cpu,cpuacct", paths.v1_cpu, folders.v1_cpu);
  return folders;
}

std::vector<GroupMemory> GroupMemories(const GroupFolders& folders) {
  std::vector<GroupMemory> memories;
  const auto add = [&](std::optional<GroupMemory> memory) {
    if (memory) memories.push_back(*std::move(memory));
  };
  for (const fs::path& folder : folders.v2) {
    const std::optional<uint64_t> max = ReadBytes(folder / "memory.max");
    const std::optional<uint64_t> high = ReadBytes(folder / "memory.high");
    const bool is_high = high && (!max || *high < *max);
    add(MemoryOf(folder,
                 {"memory.current", "inactive_file ",
                  is_high ? "cgroup v2 memory.high" : "cgroup v2 memory.max"},
                 Smaller(max, high)));
  }
  for (const fs::path& folder : folders.v1_memory) {
    add(MemoryOf(
        folder,
        {"memory.usage_in_bytes", "total_inactive_file ", "cgroup v1 memory.limit_in_bytes"},
        ReadBytes(folder / "memory.limit_in_bytes")));
  }
  return memories;
}

std::optional<GroupQuota> TightestQuota(const GroupFolders& folders) {
  std::optional<GroupQuota> tightest;
  const auto look = [&](std::optional<double> cpus, std::string_view source) {
    if (!cpus || (tightest && tightest->cpus <= *cpus)) return;
    tightest = GroupQuota{*cpus, std::string(source)};
  };
  for (const fs::path& folder : folders.v2) look(QuotaV2(folder), "cgroup v2 cpu.max");
  for (const fs::path& folder : folders.v1_cpu) look(QuotaV1(folder), "cgroup v1 cpu.cfs_quota_us");
  return tightest;
}

}  // namespace verbatim
