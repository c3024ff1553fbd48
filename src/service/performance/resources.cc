#include "performance/resources.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>
#include <vector>

#include "base/control_groups.h"
#include "base/machine.h"
#include "base/system_text.h"

namespace verbatim::performance {
namespace {

namespace fs = std::filesystem;

void ReadMemory(const ResourceOptions& options, const GroupFolders& groups, Resources& resources) {
  Reading<uint64_t>& total = resources.memory_total;
  Reading<uint64_t>& available = resources.memory_available;
  total = {kFallbackMemoryTotal, Tier::kFallback, "estimate"};
  available = {kFallbackMemoryAvailable, Tier::kFallback, "estimate"};
  for (const MemoryView& view : MemoryViews(options.root, groups)) {
    if (total.tier != Tier::kPrimary || view.total < total.value) {
      total = {view.total, Tier::kPrimary, view.source};
    }
    if (!view.available) continue;
    if (available.tier != Tier::kPrimary || *view.available < available.value) {
      available = {*view.available, Tier::kPrimary, view.source};
    }
  }
  if (available.tier == Tier::kPrimary) return;
  // Of what would be free without this process, it holds a known part.
  available.value = std::min(kFallbackMemoryAvailable, total.value / 2);
  if (options.accounted_bytes == 0) return;
  available.value -= std::min(available.value, options.accounted_bytes);
  available.tier = Tier::kSecondary;
  available.source = "the process's own accounts";
}

void ReadProcess(const ResourceOptions& options, Resources& resources) {
  const std::optional<std::string> rollup =
      options.is_frequent ? std::nullopt : ReadText(options.root / "proc/self/smaps_rollup");
  const std::optional<uint64_t> resident = rollup ? FindKilobytes(*rollup, "Rss:") : std::nullopt;
  if (resident && *resident > 0) {
    resources.process_memory = {*resident, Tier::kPrimary, "smaps_rollup"};
  } else if (const std::optional<ProcessPages> pages = ReadProcessPages(options.root)) {
    resources.process_memory = {pages->resident, Tier::kPrimary, "statm"};
  } else if (options.accounted_bytes > 0) {
    resources.process_memory = {options.accounted_bytes, Tier::kSecondary,
                                "the process's own accounts"};
  } else {
    resources.process_memory = {0, Tier::kFallback, "unknown"};
  }
}

Reading<int> AllowedCores(const fs::path& root) {
  if (const std::optional<int> count = AllowedCpus(root)) {
    return {*count, Tier::kPrimary, "affinity"};
  }
  const std::optional<std::string> online = ReadText(root / "sys/devices/system/cpu/online");
  if (const std::optional<int> count = online ? CountCpuList(*online) : std::nullopt) {
    return {*count, Tier::kSecondary, "online CPUs"};
  }
  return {kFallbackCores, Tier::kFallback, "estimate"};
}

// A part of a CPU counts as one, as in the engine's own choice.
void ReadCores(const ResourceOptions& options, const GroupFolders& groups, Resources& resources) {
  resources.cores = AllowedCores(options.root);
  const std::optional<GroupQuota> quota = TightestQuota(groups);
  if (!quota || quota->cpus > resources.cores.value) return;
  const int cpus = std::max(1, static_cast<int>(std::ceil(quota->cpus)));
  if (cpus == resources.cores.value && resources.cores.tier == Tier::kPrimary) return;
  resources.cores = {cpus, Tier::kPrimary,
                     fmt::format("{} ({:.2g} CPUs)", quota->source, quota->cpus)};
}

// "some avg10=1.50 avg60=0.10 avg300=0.00 total=12345".
std::optional<double> StallShare(const std::string& text, std::string_view line) {
  const std::optional<std::string_view> field = FindField(text, line);
  const size_t at = field ? field->find("avg10=") : std::string_view::npos;
  if (at == std::string_view::npos) return std::nullopt;
  const std::optional<double> share = ParseDecimal(field->substr(at + 6));
  return share && *share >= 0 && *share <= 100 ? share : std::nullopt;
}

void KeepWorse(std::optional<Reading<double>>& reading, std::optional<double> share,
               std::string_view source) {
  if (!share || (reading && reading->value >= *share)) return;
  reading = Reading<double>{*share, Tier::kPrimary, std::string(source)};
}

void ReadPressure(const ResourceOptions& options, const GroupFolders& groups,
                  Resources& resources) {
  const auto look = [&](const fs::path& path, std::string_view source) {
    const std::optional<std::string> text = ReadText(path);
    if (!text) return;
    KeepWorse(resources.memory_stall_some, StallShare(*text, "some "), source);
    KeepWorse(resources.memory_stall_full, StallShare(*text, "full "), source);
  };
  look(options.root / "proc/pressure/memory", "pressure of the machine");
  for (const fs::path& folder : groups.v2) {
    look(folder / "memory.pressure", "pressure of the control group");
  }
}

void ReadLoad(const ResourceOptions& options, Resources& resources) {
  constexpr double kLoadMax = 1e6;
  const std::optional<std::string> text = ReadText(options.root / "proc/loadavg");
  const std::optional<double> load = text ? ParseDecimal(*text) : std::nullopt;
  if (!load || *load < 0 || *load > kLoadMax) return;
  resources.load = Reading<double>{*load, Tier::kPrimary, "loadavg"};
}

// The folder may not be there yet; then its nearest parent tells the disk.
void ReadDisk(const ResourceOptions& options, Resources& resources) {
  if (options.folder.empty()) return;
  std::error_code error;
  fs::path folder = fs::absolute(options.folder, error);
  while (!error && !fs::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
    error.clear();
  }
  const fs::space_info space = fs::space(folder, error);
  if (error || space.available > space.capacity) return;
  resources.disk_free = Reading<uint64_t>{space.available, Tier::kPrimary, "statvfs"};
}

}  // namespace

std::string_view TierName(Tier tier) {
  switch (tier) {
    case Tier::kPrimary: return "primary";
    case Tier::kSecondary: return "secondary";
    case Tier::kFallback: break;
  }
  return "fallback";
}

Resources ReadResources(const ResourceOptions& options) {
  const GroupFolders groups = FindGroups(options.root);
  Resources resources;
  ReadCores(options, groups, resources);
  ReadMemory(options, groups, resources);
  ReadProcess(options, resources);
  ReadPressure(options, groups, resources);
  ReadLoad(options, resources);
  ReadDisk(options, resources);
  return resources;
}

uint64_t ResidentBytes(const fs::path& root) {
  const std::optional<ProcessPages> pages = ReadProcessPages(root);
  return pages ? pages->resident : 0;
}

uint64_t AllocatorBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double MemoryUsedShare(const Resources& resources) {
  const auto total = static_cast<double>(resources.memory_total.value);
  if (total <= 0) return 0;
  return std::clamp(1 - static_cast<double>(resources.memory_available.value) / total, 0.0, 1.0);
}

std::string GigabyteText(uint64_t bytes) {
  constexpr double kWithoutFraction = 10;
  const double gigabytes = static_cast<double>(bytes) / static_cast<double>(kGigabyte);
  const bool is_whole = gigabytes >= kWithoutFraction || bytes % kGigabyte == 0;
  return is_whole ? fmt::format("{:.0f}GB", gigabytes) : fmt::format("{:.1f}GB", gigabytes);
}

}  // namespace verbatim::performance
