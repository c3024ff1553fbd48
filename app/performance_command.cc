#include "performance_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <filesystem>
#include <system_error>
#include <utility>

#include "calibration_file.h"
#include "models/models.h"
#include "performance/memory_cleanup.h"
#include "performance/recommendations.h"
#include "performance/report_json.h"
#include "performance_basis.h"
#include "report.h"
#include "server_settings.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using performance::Reading;
using performance::Recommendation;
using performance::Resources;
using performance::Snapshot;

ExitCode Refuse(const Error& error) {
  Complain(error.message);
  return ExitCodeOf(error.code, Stage::kArguments);
}

// A model that is not installed yet has no size and no calibration; all else can be told.
Result<Snapshot> Look(const ServeArguments& arguments) {
  const settings::Live settings(TRY(LoadServerSettings(arguments)));
  const fs::path folder = models::FindModel(settings.Current().model).value_or("");
  std::optional<CalibrationEntry> calibration;
  if (!folder.empty()) {
    const std::unique_ptr<Reporter> reporter = MakeReporter({.progress = ProgressMode::kNone});
    calibration = StoredCalibration(arguments.calibration, folder, *reporter);
  }
  return performance::TakeSnapshot(
      MakeBasis(settings, MakeModelBasis(settings.Current(), folder, calibration)), {}, {});
}

void PrintJson(const json::object& object) { fmt::print("{}\n", json::serialize(object)); }

template <typename T>
void PrintReading(std::string_view name, const Reading<T>& reading, const std::string& value) {
  fmt::print("{:<20}{:<10}{} ({})\n", name, value, reading.source,
             performance::TierName(reading.tier));
}

void PrintResources(const Resources& resources) {
  using performance::GigabyteText;
  PrintReading("cores", resources.cores, std::to_string(resources.cores.value));
  PrintReading("memory", resources.memory_total, GigabyteText(resources.memory_total.value));
  PrintReading("memory available", resources.memory_available,
               GigabyteText(resources.memory_available.value));
  PrintReading("this process", resources.process_memory,
               fmt::format("{}MB", resources.process_memory.value >> 20));
  if (resources.memory_stall_some) {
    PrintReading("waits for memory", *resources.memory_stall_some,
                 fmt::format("{:.1f}%", resources.memory_stall_some->value));
  }
  if (resources.load) {
    PrintReading("load", *resources.load, fmt::format("{:.1f}", resources.load->value));
  }
  if (resources.disk_free) {
    PrintReading("disk free", *resources.disk_free, GigabyteText(resources.disk_free->value));
  }
}

void PrintWorkers(const performance::WorkerCount& count, const Resources& resources) {
  fmt::print("{}\n", performance::WorkerSentence(count, resources));
  for (const std::string& reason : count.reasons) fmt::print("  {}\n", reason);
  fmt::print("  what held: {}\n", performance::BoundName(count.bound));
}

std::string ActionText(const performance::Action& action) {
  if (!action.setting.empty()) return fmt::format("{} = {}", action.setting, action.value);
  return action.command;
}

void PrintRecommendation(const Recommendation& one) {
  fmt::print("{} [{}, {}]\n  why:   {}\n  gain:  {}\n", one.message,
             performance::SeverityName(one.severity), performance::CategoryName(one.category),
             one.evidence, one.expected_gain);
  const std::string action = ActionText(one.action);
  if (!action.empty()) fmt::print("  do:    {}\n", action);
}

}  // namespace

ExitCode PerformanceSummary(const PerformanceArguments& arguments) {
  const Result<Snapshot> snapshot = Look(arguments.serve);
  if (!snapshot) return Refuse(snapshot.error());
  const performance::WorkerCount count = performance::OptimalWorkerCount(*snapshot);
  const std::vector<Recommendation> found = performance::Recommendations(*snapshot);
  if (arguments.is_json) {
    PrintJson({{"resources", performance::ResourcesJson(snapshot->resources)},
               {"workers", performance::WorkersJson(count, snapshot->resources)},
               {"recommendations", performance::RecommendationsJson(found)}});
    return ExitCode::kSuccess;
  }
  PrintResources(snapshot->resources);
  if (const auto pressure = performance::PressureSentence(snapshot->resources)) {
    fmt::print("{}\n", *pressure);
  }
  PrintWorkers(count, snapshot->resources);
  fmt::print("{} recommendations: verbatim performance recommendations\n", found.size());
  return ExitCode::kSuccess;
}

ExitCode PerformanceRecommendations(const PerformanceArguments& arguments) {
  const Result<Snapshot> snapshot = Look(arguments.serve);
  if (!snapshot) return Refuse(snapshot.error());
  const std::vector<Recommendation> found = performance::Recommendations(*snapshot);
  if (arguments.is_json) {
    PrintJson({{"recommendations", performance::RecommendationsJson(found)}});
    return ExitCode::kSuccess;
  }
  for (const Recommendation& one : found) PrintRecommendation(one);
  return ExitCode::kSuccess;
}

ExitCode PerformanceWorkers(const PerformanceArguments& arguments) {
  const Result<Snapshot> snapshot = Look(arguments.serve);
  if (!snapshot) return Refuse(snapshot.error());
  performance::Workload workload;
  if (!arguments.file.empty()) {
    std::error_code error;
    workload.file_bytes = fs::file_size(arguments.file, error);
    if (error) return Refuse(SystemError(error.value(), "reading " + arguments.file));
  }
  const performance::WorkerCount count = performance::OptimalWorkerCount(
      snapshot->resources, workload, snapshot->cost, performance::LimitsOf(snapshot->settings));
  if (arguments.is_json) {
    PrintJson({{"workers", performance::WorkersJson(count, snapshot->resources)}});
  } else {
    PrintWorkers(count, snapshot->resources);
  }
  return ExitCode::kSuccess;
}

ExitCode PerformanceOptimize(const PerformanceArguments& arguments) {
  const Result<settings::Loaded> loaded = LoadServerSettings(arguments.serve);
  if (!loaded) return Refuse(loaded.error());
  performance::MemoryOptions options;
  if (arguments.is_forced) options.cleanup = performance::Cleanup::kAlways;
  const performance::MemoryResult result = performance::OptimizeMemory(options);
  if (arguments.is_json) {
    PrintJson(performance::CleanupJson(result));
  } else {
    fmt::print("{}\n  this process holds {} MB, before {} MB ({})\n",
               performance::CleanupSentence(result), result.after_bytes >> 20,
               result.before_bytes >> 20, result.source);
  }
  return ExitCode::kSuccess;
}

}  // namespace verbatim::app
