#include "performance/report_json.h"

#include <optional>
#include <utility>

namespace verbatim::performance {
namespace {

namespace json = boost::json;

template <typename T>
json::value ReadingJson(const Reading<T>& reading) {
  return json::object{
      {"value", reading.value}, {"tier", TierName(reading.tier)}, {"source", reading.source}};
}

template <typename T>
json::value ReadingJson(const std::optional<Reading<T>>& reading) {
  return reading ? ReadingJson(*reading) : json::value(nullptr);
}

json::value OrNull(const std::optional<double>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::value ActionJson(const Action& action) {
  if (!action.setting.empty()) {
    return json::object{{"setting", action.setting}, {"value", action.value}};
  }
  if (!action.command.empty()) return json::object{{"command", action.command}};
  return nullptr;
}

}  // namespace

json::object ResourcesJson(const Resources& resources) {
  return {{"cores", ReadingJson(resources.cores)},
          {"memory_total_bytes", ReadingJson(resources.memory_total)},
          {"memory_available_bytes", ReadingJson(resources.memory_available)},
          {"memory_used_percent", MemoryUsedShare(resources) * 100},
          {"process_memory_bytes", ReadingJson(resources.process_memory)},
          {"memory_stall_some_percent", ReadingJson(resources.memory_stall_some)},
          {"memory_stall_full_percent", ReadingJson(resources.memory_stall_full)},
          {"load", ReadingJson(resources.load)},
          {"disk_free_bytes", ReadingJson(resources.disk_free)}};
}

json::object WorkersJson(const WorkerCount& count, const Resources& resources) {
  return {{"optimal", count.count},
          {"bound", BoundName(count.bound)},
          {"memory_count", count.memory_count},
          {"sentence", WorkerSentence(count, resources)},
          {"reasons", json::array(count.reasons.begin(), count.reasons.end())}};
}

json::array RecommendationsJson(const std::vector<Recommendation>& recommendations) {
  json::array array;
  for (const Recommendation& one : recommendations) {
    array.push_back(json::object{{"id", one.id},
                                 {"severity", SeverityName(one.severity)},
                                 {"category", CategoryName(one.category)},
                                 {"message", one.message},
                                 {"evidence", one.evidence},
                                 {"expected_gain", one.expected_gain},
                                 {"action", ActionJson(one.action)}});
  }
  return array;
}

json::object CleanupJson(const MemoryResult& result) {
  return {{"is_done", result.is_done},
          {"memory_cleaned_mb", result.returned_bytes >> 20},
          {"before_bytes", result.before_bytes},
          {"after_bytes", result.after_bytes},
          {"source", result.source},
          {"message", CleanupSentence(result)}};
}

json::object QueueJson(const Queue& queue) {
  return {
      {"queued", queue.queued}, {"running", queue.running}, {"oldest_wait_s", queue.oldest_wait_s}};
}

json::object RecentJson(const Recent& recent) {
  return {{"realtime_factor", recent.realtime_factor},
          {"ended", recent.ended},
          {"failed", recent.failed},
          {"timed_out", recent.timed_out},
          {"timed_out_after_s", recent.timed_out_after_s},
          {"memory_prediction_error", OrNull(recent.memory_prediction_error)}};
}

json::object PressureJson(const Pressure& pressure, int64_t now_ms) {
  const auto since = [now_ms](const PressureStep& step) {
    return static_cast<double>(now_ms - step.since_ms) / 1000;
  };
  json::array steps;
  for (const PressureStep& step : pressure.steps) {
    steps.push_back(json::object{{"level", static_cast<int>(step.level)},
                                 {"name", PressureName(step.level)},
                                 {"since_s", since(step)},
                                 {"returned_mb", step.returned_bytes >> 20}});
  }
  json::object object{{"level", static_cast<int>(pressure.level)},
                      {"name", PressureName(pressure.level)},
                      {"since_s", nullptr},
                      {"is_short", pressure.is_short},
                      {"workers", pressure.shape.workers},
                      {"batch", nullptr},
                      {"steps", std::move(steps)}};
  if (!pressure.steps.empty()) object["since_s"] = since(pressure.steps.back());
  if (pressure.shape.batch > 0) object["batch"] = pressure.shape.batch;
  return object;
}

}  // namespace verbatim::performance
