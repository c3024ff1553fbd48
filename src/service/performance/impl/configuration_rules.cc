#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "performance/impl/rules.h"

namespace verbatim::performance {
namespace {

using Found = std::optional<Recommendation>;

// What every recommendation of this file begins with.
Recommendation Make(Severity severity, std::string message) {
  Recommendation made;
  made.severity = severity;
  made.category = Category::kConfiguration;
  made.message = std::move(message);
  return made;
}

Found WorkersBeyondCores(const Facts& facts) {
  const int64_t threads = std::max<int64_t>(facts.settings.threads, 1);
  const int64_t used = facts.settings.workers * threads;
  if (used <= facts.resources.cores.value) return std::nullopt;
  Recommendation made =
      Make(Severity::kWarning,
           "More workers are set than there are cores - leave the number to be chosen");
  made.evidence = fmt::format("{} workers of {} threads on {} cores ({})", facts.settings.workers,
                              threads, facts.resources.cores.value, facts.resources.cores.source);
  made.expected_gain = "workers that do not wait for each other";
  made.action = {"workers", "0", ""};
  return made;
}

Found WorkersBeyondMemory(const Facts& facts) {
  const int64_t workers = facts.settings.workers;
  const int fitting = std::max(facts.workers.memory_count, 1);
  if (workers <= fitting) return std::nullopt;
  Recommendation made =
      Make(Severity::kCritical,
           fmt::format("More workers are set than there is memory for - use {}", fitting));
  made.evidence = fmt::format("{} workers of {} MB each; {} available ({})", workers,
                              facts.snapshot.cost.bytes / 1'000'000,
                              GigabyteText(facts.resources.memory_available.value),
                              facts.resources.memory_available.source);
  made.expected_gain = "jobs are less likely to be ended for want of memory";
  made.action = {"workers", std::to_string(fitting), ""};
  return made;
}

Found IdleCores(const Facts& facts) {
  const int64_t workers = facts.settings.workers;
  const int64_t used = workers * std::max<int64_t>(facts.settings.threads, 1);
  // With threads left open, the engine spreads the cores over the workers.
  const bool has_spare = workers > 0 && facts.settings.threads > 0 &&
                         used < facts.resources.cores.value && workers < facts.workers.count;
  if (!has_spare) return std::nullopt;
  Recommendation made =
      Make(Severity::kInfo,
           fmt::format("Cores are left idle - {} workers would be best", facts.workers.count));
  made.evidence = fmt::format("{} workers of {} threads on {} cores", workers,
                              facts.settings.threads, facts.resources.cores.value);
  made.expected_gain =
      fmt::format("up to {:.1f} times the speed",
                  static_cast<double>(facts.workers.count) / static_cast<double>(workers));
  made.action = {"workers", "0", ""};
  return made;
}

Found FloorAboveCeiling(const Facts& facts) {
  if (facts.settings.min_workers <= facts.settings.default_max_workers) return std::nullopt;
  Recommendation made =
      Make(Severity::kWarning, "min_workers is above default_max_workers - raise the latter");
  made.evidence = fmt::format("min_workers {}, default_max_workers {}", facts.settings.min_workers,
                              facts.settings.default_max_workers);
  made.expected_gain = "settings that mean what they say";
  made.action = {"default_max_workers", std::to_string(facts.settings.min_workers), ""};
  return made;
}

Found CeilingAboveLimit(const Facts& facts) {
  const int64_t highest = std::max(facts.settings.default_max_workers, facts.settings.min_workers);
  if (highest <= facts.settings.max_workers_limit) return std::nullopt;
  Recommendation made =
      Make(Severity::kWarning,
           "max_workers_limit is below what other settings ask for - it alone counts");
  made.evidence = fmt::format("min_workers {}, default_max_workers {}, max_workers_limit {}",
                              facts.settings.min_workers, facts.settings.default_max_workers,
                              facts.settings.max_workers_limit);
  made.expected_gain = "settings that mean what they say";
  made.action = {"max_workers_limit", std::to_string(highest), ""};
  return made;
}

Found ThresholdsCrossed(const Facts& facts) {
  constexpr double kDocumentRatio = 4;
  constexpr double kGigabytesMax = 4096;
  const double low = facts.settings.low_memory_threshold_gb;
  if (low < facts.settings.high_memory_threshold_gb || low >= kGigabytesMax) return std::nullopt;
  Recommendation made =
      Make(Severity::kWarning,
           "low_memory_threshold_gb is not below high_memory_threshold_gb - raise the latter");
  made.evidence = fmt::format("low {:g}, high {:g}", low, facts.settings.high_memory_threshold_gb);
  made.expected_gain = "a number of workers that follows the memory instead of jumping";
  const double high = low > 0 ? std::min(low * kDocumentRatio, kGigabytesMax) : kDocumentRatio;
  made.action = {"high_memory_threshold_gb", fmt::format("{}", high), ""};
  return made;
}

Found CleanupOff(const Facts& facts) {
  if (facts.settings.enable_memory_cleanup) return std::nullopt;
  const uint64_t held = facts.resources.process_memory.value;
  Recommendation made = Make(held >= kGigabyte ? Severity::kWarning : Severity::kInfo,
                             "Memory cleanup is off - enable it where the process runs for long");
  made.evidence =
      fmt::format("enable_memory_cleanup is false; this process holds {} MB", held / 1'000'000);
  made.expected_gain = "memory that jobs no longer use goes back to the system";
  made.action = {"enable_memory_cleanup", "true", ""};
  return made;
}

Found FactorHigh(const Facts& facts) {
  constexpr double kRisky = 0.9;
  const double available =
      static_cast<double>(facts.resources.memory_available.value) / static_cast<double>(kGigabyte);
  if (facts.settings.memory_safety_factor <= kRisky ||
      available >= facts.settings.high_memory_threshold_gb) {
    return std::nullopt;
  }
  Recommendation made =
      Make(Severity::kWarning, "Nearly all of the memory is planned for - leave a reserve");
  made.evidence =
      fmt::format("memory_safety_factor is {:g}; {} available", facts.settings.memory_safety_factor,
                  GigabyteText(facts.resources.memory_available.value));
  made.expected_gain = "room for what other programs come to need";
  made.action = {"memory_safety_factor", "0.8", ""};
  return made;
}

Found FactorLow(const Facts& facts) {
  constexpr double kTimid = 0.5;
  const bool is_bound = facts.workers.memory_count < facts.resources.cores.value &&
                        facts.workers.bound == Bound::kMemory;
  if (facts.settings.memory_safety_factor >= kTimid || !is_bound) return std::nullopt;
  Recommendation made =
      Make(Severity::kInfo, "Much memory is kept in reserve while cores are idle - use more of it");
  made.evidence = fmt::format("memory_safety_factor is {:g}: room for {} workers on {} cores",
                              facts.settings.memory_safety_factor, facts.workers.memory_count,
                              facts.resources.cores.value);
  made.expected_gain = "more workers";
  made.action = {"memory_safety_factor", "0.8", ""};
  return made;
}

Found LargeTimeoutShort(const Facts& facts) {
  const int64_t usual = facts.settings.processing_timeout_seconds;
  if (facts.settings.large_file_timeout_seconds >= usual) return std::nullopt;
  Recommendation made =
      Make(Severity::kWarning, "Large files have less time than others - raise their time-out");
  made.evidence = fmt::format("large_file_timeout_seconds {}, processing_timeout_seconds {}",
                              facts.settings.large_file_timeout_seconds, usual);
  made.expected_gain = "large files are not given up before small ones";
  made.action = {"large_file_timeout_seconds", std::to_string(usual), ""};
  return made;
}

Found ParallelUploadOn(const Facts& facts) {
  const uint64_t largest = facts.settings.max_file_size_bytes;
  const uint64_t part = facts.settings.chunk_upload_size;
  if (!facts.settings.enable_parallel_upload || (largest > 0 && largest <= part)) {
    return std::nullopt;
  }
  Recommendation made = Make(
      Severity::kInfo, "Parallel upload enabled - large files will be processed more efficiently");
  made.evidence = fmt::format("enable_parallel_upload is true; parts of {} MB", part / 1'000'000);
  made.expected_gain = "files of more than one part arrive over several connections";
  return made;
}

Found ParallelUploadOff(const Facts& facts) {
  const uint64_t largest = facts.settings.max_file_size_bytes;
  const bool has_parts = largest == 0 || largest > facts.settings.chunk_upload_size;
  if (facts.settings.enable_parallel_upload || !has_parts) return std::nullopt;
  Recommendation made =
      Make(Severity::kInfo, "Parallel upload is off - enable it where clients are far away");
  made.evidence =
      fmt::format("files of up to {} MB come over one connection each", largest / 1'000'000);
  made.expected_gain = "large files arrive sooner over links with much delay";
  made.action = {"enable_parallel_upload", "true", ""};
  return made;
}

Found PartsTooLarge(const Facts& facts) {
  constexpr uint64_t kLeastPart = 1 << 20;
  constexpr uint64_t kParts = 4;
  const uint64_t largest = facts.settings.max_file_size_bytes;
  const uint64_t wanted = std::max(largest / kParts, kLeastPart);
  if (!facts.settings.enable_parallel_upload || largest == 0 || largest <= kLeastPart ||
      largest > facts.settings.chunk_upload_size || wanted >= largest) {
    return std::nullopt;
  }
  Recommendation made =
      Make(Severity::kInfo,
           "No file is larger than one part, so none is sent in parallel - use smaller parts");
  made.evidence = fmt::format("chunk_upload_size {} bytes, max_file_size_bytes {}",
                              facts.settings.chunk_upload_size, largest);
  made.expected_gain = "large files arrive over several connections";
  made.action = {"chunk_upload_size", std::to_string(wanted), ""};
  return made;
}

Found ChunkSizingOn(const Facts& facts) {
  if (!facts.settings.chunk_size_optimization) return std::nullopt;
  Recommendation made =
      Make(Severity::kInfo,
           "Dynamic chunk sizing enabled - processing will adapt to video characteristics");
  made.evidence = "chunk_size_optimization is true";
  made.expected_gain = "windows that fit the file and the memory free when its job starts";
  return made;
}

Found ChunkSizingOff(const Facts& facts) {
  if (facts.settings.chunk_size_optimization) return std::nullopt;
  Recommendation made =
      Make(Severity::kInfo,
           "Dynamic chunk sizing is off - enable it to fit windows to files and memory");
  made.evidence = "chunk_size_optimization is false: every window may hold 30 s";
  made.expected_gain = "smaller windows where memory is short";
  made.action = {"chunk_size_optimization", "true", ""};
  return made;
}

Found ModelsBeyondMemory(const Facts& facts) {
  const auto models = static_cast<uint64_t>(facts.settings.models_loaded_max);
  const uint64_t weights = facts.snapshot.cost.shared_bytes;
  const double budget = facts.settings.memory_safety_factor *
                        static_cast<double>(facts.resources.memory_available.value);
  if (models <= 1 || weights == 0 || static_cast<double>(models * weights) <= budget) {
    return std::nullopt;
  }
  const auto fitting = static_cast<int64_t>(budget / static_cast<double>(weights));
  Recommendation made =
      Make(Severity::kWarning, "More models may be loaded than there is memory for - keep fewer");
  made.evidence = fmt::format("{} models of about {} MB; {} available", models, weights / 1'000'000,
                              GigabyteText(facts.resources.memory_available.value));
  made.expected_gain = "room for workers";
  made.action = {"models_loaded_max", std::to_string(std::max<int64_t>(fitting, 1)), ""};
  return made;
}

Found NotCalibrated(const Facts& facts) {
  const bool is_chosen = facts.settings.workers == 0 || facts.settings.threads == 0;
  if (facts.snapshot.is_calibrated || !is_chosen) return std::nullopt;
  Recommendation made =
      Make(Severity::kInfo,
           "This machine was not measured - let it find its best workers, threads and batch");
  made.evidence = fmt::format("there is no calibration for {}", facts.settings.model);
  made.expected_gain = "the fastest shape for this machine instead of a rule for all";
  made.action = {"", "", "verbatim bench --calibrate --model " + facts.settings.model};
  return made;
}

constexpr std::array kRules = {
    Rule{"workers_exceed_cores", WorkersBeyondCores},
    Rule{"workers_exceed_memory", WorkersBeyondMemory},
    Rule{"idle_cores", IdleCores},
    Rule{"floor_above_ceiling", FloorAboveCeiling},
    Rule{"ceiling_above_limit", CeilingAboveLimit},
    Rule{"thresholds_crossed", ThresholdsCrossed},
    Rule{"memory_cleanup_off", CleanupOff},
    Rule{"safety_factor_high", FactorHigh},
    Rule{"safety_factor_low", FactorLow},
    Rule{"large_timeout_short", LargeTimeoutShort},
    Rule{"parallel_upload_enabled", ParallelUploadOn},
    Rule{"parallel_upload_off", ParallelUploadOff},
    Rule{"parts_too_large", PartsTooLarge},
    Rule{"chunk_sizing_enabled", ChunkSizingOn},
    Rule{"chunk_sizing_off", ChunkSizingOff},
    Rule{"models_exceed_memory", ModelsBeyondMemory},
    Rule{"not_calibrated", NotCalibrated},
};

}  // namespace

std::span<const Rule> ConfigurationRules() { return kRules; }

}  // namespace verbatim::performance
