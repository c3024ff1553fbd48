#include "performance/memory_cleanup.h"

#include <fmt/format.h>
#include <malloc.h>

#include <utility>

namespace verbatim::performance {
namespace {

constexpr double kPressureShare = 0.9;

Reading<uint64_t> HeldMemory(const MemoryOptions& options) {
  return ReadResources({options.root, {}, AllocatorBytes()}).process_memory;
}

}  // namespace

MemoryResult OptimizeMemory(const MemoryOptions& options) {
  Reading<uint64_t> before = HeldMemory(options);
  MemoryResult result{false, before.value, before.value, 0, std::move(before.source)};
  const bool is_worthwhile = mallinfo2().fordblks >= options.worthwhile_bytes;
  if (options.cleanup == Cleanup::kWhereWorthwhile && !is_worthwhile) return result;
  malloc_trim(0);
  result.is_done = true;
  result.after_bytes = HeldMemory(options).value;
  if (result.before_bytes > result.after_bytes) {
    result.returned_bytes = result.before_bytes - result.after_bytes;
  }
  return result;
}

std::string CleanupSentence(const MemoryResult& result) {
  return fmt::format("Performance optimization completed - memory cleaned: {}MB",
                     result.returned_bytes >> 20);
}

std::optional<std::string> PressureSentence(const Resources& resources) {
  const double used = MemoryUsedShare(resources);
  if (used < kPressureShare) return std::nullopt;
  return fmt::format("Memory pressure detected: {:.0f}% usage", used * 100);
}

}  // namespace verbatim::performance
