// What the machine has left for this process: cores, memory, disk, and how busy it is. Each reading
// says where it came from. Primary are the system's own numbers, whichever binds; secondary what
// the process knows of itself; where neither can be had, conservative constants stand in. Nothing
// here fails: what cannot be read, or cannot be true, is passed over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace verbatim::performance {

inline constexpr uint64_t kGigabyte = uint64_t{1} << 30;

// What is taken for true where nothing can be read.
inline constexpr uint64_t kFallbackMemoryTotal = 8 * kGigabyte;
inline constexpr uint64_t kFallbackMemoryAvailable = 4 * kGigabyte;
inline constexpr int kFallbackCores = 2;

// How good a source is, best first.
enum class Tier { kPrimary, kSecondary, kFallback };
// "primary", "secondary", "fallback".
std::string_view TierName(Tier tier);

// A value, and where it came from.
template <typename T>
struct Reading {
  T value{};
  Tier tier = Tier::kFallback;
  std::string source;  // "meminfo", "cgroup v2 memory.max", "estimate"
};

struct Resources {
  Reading<int> cores;                  // that may be used: affinity and quota; at least 1
  Reading<uint64_t> memory_total;      // bytes; the machine's, or a limit below it
  Reading<uint64_t> memory_available;  // bytes; what can be had without pushing others out
  Reading<uint64_t> process_memory;    // bytes; that this process holds in memory
  // Share of the last 10 s in which some, or all, processes waited for memory; 0 to 100.
  std::optional<Reading<double>> memory_stall_some;
  std::optional<Reading<double>> memory_stall_full;
  std::optional<Reading<double>> load;         // processes that ran or waited, over the last minute
  std::optional<Reading<uint64_t>> disk_free;  // bytes; of the disk that holds `folder`
};

struct ResourceOptions {
  std::filesystem::path root = "/";  // tests give a folder that looks like one
  std::filesystem::path folder;      // whose disk is asked for; empty: none is
  // What the process knows that it holds: the allocator's and the engine's own accounts.
  // Unit: bytes, 0 = unknown.
  uint64_t accounted_bytes = 0;
  // For who asks every second: the process's memory from statm, which costs nothing, where
  // smaps_rollup walks through all of its pages.
  bool is_frequent = false;
};

// Reads everything now. Takes well under a millisecond. Thread: any.
Resources ReadResources(const ResourceOptions& options);

// What this process holds in memory, by statm. Unit: bytes; 0: it cannot be read.
uint64_t ResidentBytes(const std::filesystem::path& root = "/");

// What the allocator has given out. Unit: bytes.
uint64_t AllocatorBytes();

// The share of the memory that is in use, 0 to 1.
double MemoryUsedShare(const Resources& resources);

// "12GB", "3.4GB", "0.5GB"; of 2^30 bytes.
std::string GigabyteText(uint64_t bytes);

}  // namespace verbatim::performance
