#include "pipeline/memory.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/atomic_file.h"

namespace verbatim::pipeline {
namespace {

constexpr uint64_t kFileSizeMax = 1 << 16;

std::optional<uint64_t> ParseNumber(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

std::optional<uint64_t> ReadNumber(const char* path) {
  const Result<std::string> text = ReadFile(path, kFileSizeMax);
  return text ? ParseNumber(*text) : std::nullopt;
}

// A line "NAME  123 kB" of a file.
std::optional<uint64_t> ReadKilobytes(const char* path, std::string_view name) {
  const Result<std::string> text = ReadFile(path, kFileSizeMax);
  if (!text) return std::nullopt;
  const size_t at = text->find(name);
  if (at == std::string::npos) return std::nullopt;
  const std::optional<uint64_t> kilobytes =
      ParseNumber(std::string_view(*text).substr(at + name.size()));
  if (!kilobytes) return std::nullopt;
  return *kilobytes * 1024;
}

std::optional<uint64_t> AvailableBytes() { return ReadKilobytes("/proc/meminfo", "MemAvailable:"); }

// What is left of a limit, in either version of control groups as a container sees its own.
std::optional<uint64_t> LeftInGroup(const char* limit_path, const char* usage_path) {
  const std::optional<uint64_t> limit = ReadNumber(limit_path);
  const std::optional<uint64_t> usage = ReadNumber(usage_path);
  if (!limit || !usage) return std::nullopt;
  return *limit > *usage ? *limit - *usage : 0;
}

// The C++ library would count all that are online.
int AllowedCpus() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// CPUs that a quota amounts to, rounded up.
std::optional<int> QuotaCpus() {
  const Result<std::string> v2 = ReadFile("/sys/fs/cgroup/cpu.max", kFileSizeMax);
  std::optional<uint64_t> quota;
  std::optional<uint64_t> period;
  if (v2) {
    quota = ParseNumber(*v2);  // "max" is no number: no quota
    const size_t space = v2->find(' ');
    if (space != std::string::npos) period = ParseNumber(std::string_view(*v2).substr(space));
  } else {
    quota = ReadNumber("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");  // -1 is no number here: no quota
    period = ReadNumber("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  }
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<int>(std::min<uint64_t>((*quota + *period - 1) / *period, 4096));
}

}  // namespace

uint64_t FreeMemoryBytes() {
  uint64_t least = std::numeric_limits<uint64_t>::max();
  for (const std::optional<uint64_t>& reading :
       {AvailableBytes(), LeftInGroup("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        LeftInGroup("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/memory.usage_in_bytes")}) {
    if (reading) least = std::min(least, *reading);
  }
  return least == std::numeric_limits<uint64_t>::max() ? 0 : least;
}

uint64_t ResidentBytes() { return ReadKilobytes("/proc/self/status", "VmRSS:").value_or(0); }

uint64_t PeakMemoryBytes() { return ReadKilobytes("/proc/self/status", "VmHWM:").value_or(0); }

// Source: proc(5), /proc/pid/clear_refs: 5 resets the peak of the resident set.
void ResetPeakMemory() { std::ofstream("/proc/self/clear_refs") << '5'; }

int UsableCpus() {
  const int allowed = AllowedCpus();
  return std::max(1, std::min(allowed, QuotaCpus().value_or(allowed)));
}

// Source: proc(5), /proc/cpuinfo; each processor has its line "model name : NAME".
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
