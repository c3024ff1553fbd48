// Gives memory that the allocator keeps for later back to the system, and says how much came back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "performance/resources.h"

namespace verbatim::performance {

enum class Cleanup {
  kWhereWorthwhile,
  kAlways,
};

struct MemoryOptions {
  Cleanup cleanup = Cleanup::kWhereWorthwhile;
  uint64_t worthwhile_bytes = 16 << 20;  // that the allocator keeps
  std::filesystem::path root = "/";
};

struct MemoryResult {
  bool is_done = false;       // false: there was nothing worth the time
  uint64_t before_bytes = 0;  // what the process held in memory
  uint64_t after_bytes = 0;
  uint64_t returned_bytes = 0;  // by how much that fell
  std::string source;           // of these numbers
};

// Takes up to some tens of milliseconds for each gigabyte given back; other threads that allocate
// wait meanwhile. Thread: any.
MemoryResult OptimizeMemory(const MemoryOptions& options);

// "Performance optimization completed - memory cleaned: 150MB".
std::string CleanupSentence(const MemoryResult& result);

// "Memory pressure detected: 92% usage"; none below 90 %.
std::optional<std::string> PressureSentence(const Resources& resources);

}  // namespace verbatim::performance
