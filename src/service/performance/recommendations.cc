#include "performance/recommendations.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "performance/impl/rules.h"

namespace verbatim::performance {

std::string CleanupCommand(const settings::Settings& settings) {
  return fmt::format(
      "curl -H 'Content-Type: application/json' -d '{{\"force_memory_cleanup\": true}}' "
      "http://{}/api/performance/optimize",
      settings.listen);
}

WorkerCount OptimalWorkerCount(const Snapshot& snapshot) {
  Resources reach = snapshot.resources;
  Reading<uint64_t>& available = reach.memory_available;
  const uint64_t held = std::min(snapshot.engines.bytes, reach.process_memory.value);
  if (held > 0) {
    available.value = std::min(available.value + held, reach.memory_total.value);
    available.source += fmt::format(", {} MB of it held by loaded models", held / 1'000'000);
  }
  WorkerCost cost = snapshot.cost;
  cost.shared_bytes = std::max(cost.shared_bytes, snapshot.engines.weights);
  return OptimalWorkerCount(reach, {}, cost, LimitsOf(snapshot.settings));
}

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kInfo: return "info";
    case Severity::kWarning: return "warning";
    case Severity::kCritical: break;
  }
  return "critical";
}

std::string_view CategoryName(Category category) {
  switch (category) {
    case Category::kSystem: return "system";
    case Category::kConfiguration: return "configuration";
    case Category::kRuntime: break;
  }
  return "runtime";
}

bool IsRule(std::string_view id) {
  for (const auto rules : {SystemRules(), ConfigurationRules(), RuntimeRules()}) {
    if (std::ranges::find(rules, id, &Rule::id) != rules.end()) return true;
  }
  return false;
}

std::vector<Recommendation> Recommendations(const Snapshot& snapshot) {
  const WorkerCount workers = OptimalWorkerCount(snapshot);
  const Facts facts{snapshot, snapshot.resources, snapshot.settings, workers};
  std::vector<Recommendation> found;
  for (const auto rules : {SystemRules(), ConfigurationRules(), RuntimeRules()}) {
    for (const Rule& rule : rules) {
      std::optional<Recommendation> one = rule.speak(facts);
      if (!one) continue;
      one->id = rule.id;
      found.push_back(*std::move(one));
    }
  }
  std::ranges::stable_sort(found, std::greater(), &Recommendation::severity);
  return found;
}

}  // namespace verbatim::performance
