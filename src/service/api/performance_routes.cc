// How the service does on its machine, and what would make it do better: api/performance.
#include <algorithm>
#include <boost/json/object.hpp>
#include <cstdint>
#include <utility>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "performance/memory_cleanup.h"
#include "performance/report_json.h"
#include "settings/settings_json.h"
#include "store/jobs.h"

namespace verbatim::api {
namespace {

namespace json = boost::json;
using performance::Queue;
using performance::Recent;
using performance::Snapshot;
using store::Job;

constexpr uint64_t kOptimizeBodyMax = 4096;
constexpr size_t kJobsLookedAt = 50;
constexpr int64_t kRecentMs = 24 * 3'600'000;

struct JobLists {
  std::vector<Job> queued;
  std::vector<Job> newest;
};

Result<JobLists> ReadJobs(const Services& services) {
  return services.database.Read([](store::Connection& connection) -> Result<JobLists> {
    JobLists lists;
    lists.queued = TRY(store::QueuedJobs(connection, kJobsLookedAt));
    store::JobQuery query;
    query.count = kJobsLookedAt;
    lists.newest = TRY(store::ListJobs(connection, query));
    return lists;
  });
}

Queue QueueOf(const Services& services, const JobLists& lists, const jobs::Jobs::Load& load) {
  Queue queue{load.queued, load.running, 0};
  for (const Job& job : lists.queued) {
    const int64_t wait_ms = services.clock.WallMs() - job.created_ms;
    queue.oldest_wait_s = std::max(queue.oldest_wait_s, static_cast<double>(wait_ms) / 1000);
  }
  return queue;
}

Recent RecentOf(const Services& services, const JobLists& lists, const jobs::Jobs::Load& load) {
  Recent recent;
  recent.realtime_factor = load.realtime_factor;
  for (const Job& job : lists.newest) {
    const bool is_recent = services.clock.WallMs() - job.finished_ms < kRecentMs;
    if (!store::IsFinal(job.state) || !is_recent) continue;
    ++recent.ended;
    if (job.state != store::JobState::kFailed) continue;
    ++recent.failed;
    if (job.error_code == "timeout") ++recent.timed_out;
  }
  return recent;
}

Result<Snapshot> Look(const Services& services) {
  const JobLists lists = TRY(ReadJobs(services));
  const jobs::Jobs::Load load = services.jobs.load();
  return performance::TakeSnapshot(services.performance, QueueOf(services, lists, load),
                                   RecentOf(services, lists, load));
}

json::object WorkersObject(const Services& services, const Snapshot& snapshot) {
  json::object workers =
      performance::WorkersJson(performance::OptimalWorkerCount(snapshot), snapshot.resources);
  const int64_t set = snapshot.settings.workers;
  const int64_t steady = services.watch != nullptr ? services.watch->workers() : 0;
  workers["engine"] = set > 0 ? set : steady;
  return workers;
}

Result<http::Response> Status(const Services& services, const Call&) {
  const Snapshot snapshot = TRY(Look(services));
  return JsonResponse(200, {{"settings", settings::SettingsJson(services.settings.All())},
                            {"resources", performance::ResourcesJson(snapshot.resources)},
                            {"workers", WorkersObject(services, snapshot)},
                            {"queue", performance::QueueJson(snapshot.queue)},
                            {"recent", performance::RecentJson(snapshot.recent)}});
}

Result<http::Response> Optimization(const Services& services, const Call&) {
  const Snapshot snapshot = TRY(Look(services));
  json::object workers = WorkersObject(services, snapshot);
  const json::value optimal = workers.at("optimal");
  return JsonResponse(200, {{"recommendations", performance::RecommendationsJson(
                                                    performance::Recommendations(snapshot))},
                            {"optimal_workers", optimal},
                            {"analysis",
                             {{"workers", std::move(workers)},
                              {"resources", performance::ResourcesJson(snapshot.resources)},
                              {"queue", performance::QueueJson(snapshot.queue)},
                              {"recent", performance::RecentJson(snapshot.recent)}}}});
}

// {"force_memory_cleanup": true}; without a body nothing is forced.
Result<performance::MemoryOptions> ParseOptions(std::string_view body) {
  performance::MemoryOptions options;
  if (body.empty()) return options;
  for (const auto& [name, value] : TRY(ParseObject(body))) {
    if (name != "force_memory_cleanup" || !value.is_bool()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "only force_memory_cleanup can be said, which is true or false");
    }
    if (value.get_bool()) options.cleanup = performance::Cleanup::kAlways;
  }
  return options;
}

Result<http::Response> Optimize(const Services& services, const Call& call) {
  const performance::MemoryOptions options = TRY(ParseOptions(call.body));
  const performance::MemoryResult result = performance::OptimizeMemory(options);
  services.log.Info("{}", performance::CleanupSentence(result));
  return JsonResponse(200, performance::CleanupJson(result));
}

Result<http::Response> Settings(const Services& services, const Call&) {
  return JsonResponse(200, {{"settings", settings::SettingsJson(services.settings.All())}});
}

}  // namespace

void AddPerformanceRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "GET", "/api/performance", Status);
  AddEndpoint(services, routes, "GET", "/api/performance/optimization", Optimization);
  AddEndpoint(services, routes, "POST", "/api/performance/optimize", Optimize, kOptimizeBodyMax);
  AddEndpoint(services, routes, "GET", "/api/performance/settings", Settings);
}

}  // namespace verbatim::api
