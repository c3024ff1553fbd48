#include "base/machine.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/system_text.h"

namespace verbatim {
namespace {

namespace fs = std::filesystem;

// Kernels before 3.14 have no MemAvailable.
std::optional<uint64_t> AvailableIn(const std::string& meminfo) {
  if (const auto available = FindKilobytes(meminfo, "MemAvailable:")) return available;
  const std::optional<uint64_t> free = FindKilobytes(meminfo, "MemFree:");
  if (!free) return std::nullopt;
  return *free + FindKilobytes(meminfo, "Buffers:").value_or(0) +
         FindKilobytes(meminfo, "Cached:").value_or(0);
}

std::optional<MemoryView> MachineMemory(const fs::path& root) {
  const std::optional<std::string> text = ReadText(root / "proc/meminfo");
  const std::optional<uint64_t> total = text ? FindKilobytes(*text, "MemTotal:") : std::nullopt;
  if (!total || *total == 0) return std::nullopt;
  std::optional<uint64_t> available = AvailableIn(*text);
  if (available && *available > *total) available.reset();
  return MemoryView{*total, available, "meminfo"};
}

}  // namespace

std::vector<MemoryView> MemoryViews(const fs::path& root, const GroupFolders& groups) {
  std::vector<MemoryView> views;
  if (auto machine = MachineMemory(root)) views.push_back(*std::move(machine));
  for (GroupMemory& group : GroupMemories(groups)) {
    views.push_back({group.limit, group.available, std::move(group.source)});
  }
  if (auto limit = AddressSpace(root)) views.push_back(*std::move(limit));
  return views;
}

std::optional<MemoryView> AddressSpace(const fs::path& root) {
  const std::optional<std::string> text = ReadText(root / "proc/self/limits");
  const std::optional<std::string_view> field =
      text ? FindField(*text, "Max address space") : std::nullopt;
  const std::optional<uint64_t> limit = field ? ParseCount(*field) : std::nullopt;
  if (!limit || *limit == 0 || *limit >= kBytesMax) return std::nullopt;
  const std::optional<ProcessPages> pages = ReadProcessPages(root);
  const uint64_t mapped = pages ? pages->mapped : *limit / 2;
  return MemoryView{*limit, *limit > mapped ? *limit - mapped : 0, "rlimit address space"};
}

std::optional<ProcessPages> ReadProcessPages(const fs::path& root) {
  const auto page = static_cast<uint64_t>(std::max(sysconf(_SC_PAGESIZE), 1L));
  const std::optional<std::string> text = ReadText(root / "proc/self/statm");
  if (!text) return std::nullopt;
  const std::optional<uint64_t> mapped = ParseCount(*text);
  const std::optional<uint64_t> resident =
      ParseCount(std::string_view(*text).substr(std::min(text->find(' '), text->size())));
  if (!mapped || !resident || std::max(*mapped, *resident) >= kBytesMax / page) return std::nullopt;
  return ProcessPages{*mapped * page, *resident * page};
}

std::optional<int> AllowedCpus(const fs::path& root) {
  const std::optional<std::string> status = ReadText(root / "proc/self/status");
  const std::optional<std::string_view> list =
      status ? FindField(*status, "Cpus_allowed_list:") : std::nullopt;
  return list ? CountCpuList(*list) : std::nullopt;
}

}  // namespace verbatim
