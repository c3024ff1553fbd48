#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "performance/impl/rules.h"

namespace verbatim::performance {
namespace {

using settings::Settings;
using Found = std::optional<Recommendation>;

constexpr int kManyCores = 8;
constexpr int kWorkersMax = 64;
constexpr double kUsedMuch = 0.9;
constexpr double kStallMuch = 10;
constexpr int64_t kSmallBatch = 2;

double Gigabytes(uint64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(kGigabyte);
}

// What helps where memory is short: the first that is not yet so.
Action SaveMemory(const Settings& settings) {
  if (!settings.enable_memory_cleanup) return {"enable_memory_cleanup", "true", ""};
  if (settings.batch == 0 || settings.batch > kSmallBatch) {
    return {"batch", std::to_string(kSmallBatch), ""};
  }
  if (settings.models_loaded_max > 1) return {"models_loaded_max", "1", ""};
  return {"", "", CleanupCommand(settings)};
}

Found HighPerformance(const Facts& facts) {
  const int cores = facts.resources.cores.value;
  const int wanted = std::min({cores, facts.workers.memory_count, kWorkersMax});
  const bool is_held =
      facts.workers.bound == Bound::kCeiling && wanted > facts.workers.count &&
      Gigabytes(facts.resources.memory_available.value) >= facts.settings.low_memory_threshold_gb;
  if (cores < kManyCores || !is_held) return std::nullopt;
  const bool is_limit = wanted > facts.settings.max_workers_limit;
  return Recommendation{
      .severity = Severity::kInfo,
      .category = Category::kSystem,
      .message = fmt::format("High-performance system detected ({} cores) - consider increasing "
                             "max workers to {}",
                             cores, wanted),
      .evidence = fmt::format("{} cores, {} available with room for {} workers; the settings hold "
                              "them at {}",
                              cores, GigabyteText(facts.resources.memory_available.value),
                              facts.workers.memory_count, facts.workers.count),
      .expected_gain = fmt::format("up to {:.1f} times the speed on long files",
                                   static_cast<double>(wanted) / facts.workers.count),
      .action = {is_limit ? "max_workers_limit" : "default_max_workers", std::to_string(wanted),
                 ""}};
}

Found LowMemory(const Facts& facts) {
  const uint64_t available = facts.resources.memory_available.value;
  if (Gigabytes(available) >= facts.settings.low_memory_threshold_gb) return std::nullopt;
  return Recommendation{
      .severity = Severity::kWarning,
      .category = Category::kSystem,
      .message = "Low available memory - enable memory cleanup and use smaller chunk sizes",
      .evidence = fmt::format("{} available ({}); low_memory_threshold_gb is {:g}",
                              GigabyteText(available), facts.resources.memory_available.source,
                              facts.settings.low_memory_threshold_gb),
      .expected_gain = "jobs are less likely to be ended for want of memory",
      .action = SaveMemory(facts.settings)};
}

Found MemoryPressure(const Facts& facts) {
  const double used = MemoryUsedShare(facts.resources);
  if (used < kUsedMuch) return std::nullopt;
  return Recommendation{
      .severity = Severity::kCritical,
      .category = Category::kSystem,
      .message = fmt::format("Memory pressure detected: {:.0f}% usage - give back what is unused",
                             used * 100),
      .evidence = fmt::format("{} of {} are available ({})",
                              GigabyteText(facts.resources.memory_available.value),
                              GigabyteText(facts.resources.memory_total.value),
                              facts.resources.memory_available.source),
      .expected_gain = "what the allocator keeps is free for others",
      .action = {"", "", CleanupCommand(facts.settings)}};
}

Found MemoryStalls(const Facts& facts) {
  const auto& stall = facts.resources.memory_stall_some;
  if (!stall || stall->value < kStallMuch) return std::nullopt;
  const int64_t set = facts.settings.workers;
  const bool has_many = set == 0 || set > facts.workers.count;
  return Recommendation{
      .severity = Severity::kCritical,
      .category = Category::kSystem,
      .message = has_many ? "Processes wait for memory - use fewer workers"
                          : "Processes wait for memory - use less of it",
      .evidence = fmt::format("something waited for memory in {:.0f} % of the last 10 s ({})",
                              stall->value, stall->source),
      .expected_gain = "time that is now spent on moving memory",
      .action = has_many ? Action{"workers", std::to_string(facts.workers.count), ""}
                         : SaveMemory(facts.settings)};
}

Found SmallMemoryLimit(const Facts& facts) {
  const auto& total = facts.resources.memory_total;
  const bool is_limited = total.source.starts_with("cgroup") || total.source.starts_with("rlimit");
  if (!is_limited || Gigabytes(total.value) >= facts.settings.low_memory_threshold_gb ||
      facts.settings.models_loaded_max <= 1) {
    return std::nullopt;
  }
  return Recommendation{
      .severity = Severity::kWarning,
      .category = Category::kSystem,
      .message = "This process may use little memory - keep one model loaded at a time",
      .evidence =
          fmt::format("the limit is {} ({}); up to {} models are kept", GigabyteText(total.value),
                      total.source, facts.settings.models_loaded_max),
      .expected_gain = fmt::format("about {} MB for each model less",
                                   facts.snapshot.cost.shared_bytes / 1'000'000),
      .action = {"models_loaded_max", "1", ""}};
}

Found OthersAreBusy(const Facts& facts) {
  constexpr double kLoadPerCore = 2;
  const auto& load = facts.resources.load;
  const int cores = facts.resources.cores.value;
  const bool is_ours = facts.snapshot.queue.running > 0;
  if (!load || is_ours || load->value < kLoadPerCore * cores) return std::nullopt;
  return Recommendation{
      .severity = Severity::kWarning,
      .category = Category::kSystem,
      .message = "Other programs keep the cores busy - expect jobs to be slow until they end",
      .evidence = fmt::format("{:.1f} processes run or wait on {} cores, and no job is running",
                              load->value, cores),
      .expected_gain =
          fmt::format("up to {:.1f} times the speed without them", load->value / cores),
      .action = {"", "", "top -o %CPU"}};
}

Found DiskFull(const Facts& facts) {
  const auto& free = facts.resources.disk_free;
  if (!free || free->value >= facts.settings.disk_reserve_bytes) return std::nullopt;
  return Recommendation{
      .severity = Severity::kCritical,
      .category = Category::kSystem,
      .message = "The disk is full - uploads are refused until there is room",
      .evidence = fmt::format("{} MB are free; uploads leave {} MB free", free->value / 1'000'000,
                              facts.settings.disk_reserve_bytes / 1'000'000),
      .expected_gain = "uploads are taken again",
      .action = {"", "", "df -h"}};
}

Found DiskLow(const Facts& facts) {
  const auto& free = facts.resources.disk_free;
  const uint64_t reserve = facts.settings.disk_reserve_bytes;
  const uint64_t file = facts.settings.max_file_size_bytes;
  if (!free || file == 0 || free->value < reserve || free->value - reserve >= file) {
    return std::nullopt;
  }
  const uint64_t room = std::max<uint64_t>(free->value - reserve, 1);
  return Recommendation{
      .severity = Severity::kWarning,
      .category = Category::kSystem,
      .message =
          "The disk has no room for the largest file that may be uploaded - make room, or "
          "refuse such files at once",
      .evidence = fmt::format("room for {} MB beyond the reserve; max_file_size_bytes is {} MB",
                              room / 1'000'000, file / 1'000'000),
      .expected_gain = "no upload ends for want of space after it was begun",
      .action = {"max_file_size_bytes", std::to_string(room), ""}};
}

Found EstimatedMemory(const Facts& facts) {
  const auto& available = facts.resources.memory_available;
  if (available.tier == Tier::kPrimary) return std::nullopt;
  return Recommendation{
      .severity = Severity::kWarning,
      .category = Category::kSystem,
      .message = "The memory available cannot be read - conservative estimates are used",
      .evidence =
          fmt::format("{} of {} are taken to be available ({})", GigabyteText(available.value),
                      GigabyteText(facts.resources.memory_total.value), available.source),
      .expected_gain = "as many workers as the machine has room for",
      .action = {"", "", "cat /proc/meminfo"}};
}

Found OneCore(const Facts& facts) {
  const bool is_one = facts.resources.cores.value == 1;
  if (!is_one || facts.settings.running_jobs_max <= 1) return std::nullopt;
  return Recommendation{
      .severity = Severity::kInfo,
      .category = Category::kSystem,
      .message = "There is one core - work on one job at a time",
      .evidence = fmt::format("1 core ({}); running_jobs_max is {}", facts.resources.cores.source,
                              facts.settings.running_jobs_max),
      .expected_gain = "the first job ends sooner, and each needs memory only in its turn",
      .action = {"running_jobs_max", "1", ""}};
}

constexpr std::array kRules = {
    Rule{"high_performance_system", HighPerformance},
    Rule{"low_memory", LowMemory},
    Rule{"memory_pressure", MemoryPressure},
    Rule{"memory_stalls", MemoryStalls},
    Rule{"small_memory_limit", SmallMemoryLimit},
    Rule{"cpu_busy", OthersAreBusy},
    Rule{"disk_full", DiskFull},
    Rule{"disk_low", DiskLow},
    Rule{"memory_estimated", EstimatedMemory},
    Rule{"one_core", OneCore},
};

}  // namespace

std::span<const Rule> SystemRules() { return kRules; }

}  // namespace verbatim::performance
