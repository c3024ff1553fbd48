// How the service does on its machine, and what would make it do better: api/performance.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "performance/applied.h"
#include "performance/memory_cleanup.h"
#include "performance/report_json.h"
#include "settings/kept_settings.h"
#include "settings/settings_json.h"
#include "store/jobs.h"
#include "store/settings.h"

namespace verbatim::api {
namespace {

namespace json = boost::json;
using performance::Applied;
using performance::Queue;
using performance::Recent;
using performance::Recommendation;
using performance::Snapshot;
using settings::NewValue;
using settings::SettingChange;
using store::Job;
using store::SettingLogEntry;

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

double Seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

Queue QueueOf(const Services& services, const JobLists& lists, const jobs::Jobs::Load& load) {
  Queue queue{load.queued, load.running, 0};
  for (const Job& job : lists.queued) {
    const int64_t wait_ms = services.clock.WallMs() - job.created_ms;
    queue.oldest_wait_s = std::max(queue.oldest_wait_s, Seconds(wait_ms));
  }
  return queue;
}

Recent RecentOf(const Services& services, const JobLists& lists, const jobs::Jobs::Load& load) {
  Recent recent;
  recent.realtime_factor = load.realtime_factor;
  recent.memory_prediction_error = load.memory_prediction_error;
  for (const Job& job : lists.newest) {
    const bool is_recent = services.clock.WallMs() - job.finished_ms < kRecentMs;
    if (!store::IsFinal(job.state) || !is_recent) continue;
    ++recent.ended;
    if (job.state != store::JobState::kFailed) continue;
    ++recent.failed;
    if (job.error_code != "timeout") continue;
    ++recent.timed_out;
    recent.timed_out_after_s =
        std::max(recent.timed_out_after_s, Seconds(job.finished_ms - job.started_ms));
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
  workers["engine"] = services.watch != nullptr ? services.watch->shape().workers : 0;
  return workers;
}

json::object PressureObject(const Services& services) {
  const performance::Pressure pressure =
      services.watch != nullptr ? services.watch->pressure() : performance::Pressure();
  return performance::PressureJson(pressure, services.clock.SteadyMs());
}

json::array ModelsArray(const Services& services) {
  json::array models;
  for (const jobs::LoadedModel& model : services.engines.Loaded()) {
    json::object object{
        {"name", model.name},   {"is_loaded", model.is_loaded},       {"workers", model.workers},
        {"batch", model.batch}, {"busy_workers", model.busy_workers}, {"jobs", model.users},
        {"idle_s", nullptr},    {"memory_bytes", model.bytes()}};
    if (model.users == 0) object["idle_s"] = static_cast<double>(model.idle_ms) / 1000;
    models.push_back(std::move(object));
  }
  return models;
}

Result<http::Response> Status(const Services& services, const Call&) {
  const Snapshot snapshot = TRY(Look(services));
  return JsonResponse(200, {{"settings", settings::SettingsJson(services.settings.All())},
                            {"resources", performance::ResourcesJson(snapshot.resources)},
                            {"workers", WorkersObject(services, snapshot)},
                            {"models", ModelsArray(services)},
                            {"pressure", PressureObject(services)},
                            {"queue", performance::QueueJson(snapshot.queue)},
                            {"recent", performance::RecentJson(snapshot.recent)}});
}

json::array RecommendationsWith(const std::vector<Applied>& applied, const Snapshot& snapshot) {
  json::array array = performance::RecommendationsJson(performance::Recommendations(snapshot));
  for (json::value& value : array) {
    json::object& one = value.get_object();
    const auto is_its = [&](const Applied& made) { return one.at("id").get_string() == made.id; };
    one["is_applied"] = std::ranges::any_of(applied, is_its);
    one["can_undo"] = std::ranges::any_of(
        applied, [&](const Applied& made) { return is_its(made) && made.can_undo; });
  }
  return array;
}

Result<http::Response> Optimization(const Services& services, const Call&) {
  const Snapshot snapshot = TRY(Look(services));
  json::object workers = WorkersObject(services, snapshot);
  const json::value optimal = workers.at("optimal");
  const std::vector<Applied> applied = performance::AppliedOf(
      TRY(performance::ReadSettingLog(services.database)), services.settings.Current());
  return JsonResponse(200, {{"recommendations", RecommendationsWith(applied, snapshot)},
                            {"applied", performance::AppliedJson(applied)},
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

Result<std::string> RuleOf(const Call& call) {
  std::string id(call.parameter("id"));
  if (performance::IsRule(id)) return id;
  return Fail(ErrorCode::kNotFound, "there is no such recommendation");
}

Result<http::Response> ChangeFor(const Services& services, const NewValue& value,
                                 const std::string& reason) {
  const std::vector<SettingChange> changes =
      TRY(services.settings.Change(std::span(&value, 1), reason));
  return JsonResponse(200, {{"changes", settings::ChangesJson(changes)}});
}

Result<http::Response> Apply(const Services& services, const Call& call) {
  const std::string id = TRY(RuleOf(call));
  const std::vector<Recommendation> all = performance::Recommendations(TRY(Look(services)));
  const auto found = std::ranges::find(all, id, &Recommendation::id);
  if (found == all.end()) {
    return Fail(ErrorCode::kConflict, "there is no reason for this recommendation now");
  }
  if (found->action.setting.empty()) {
    return Fail(ErrorCode::kConflict,
                found->action.command.empty()
                    ? "there is nothing to be done for it"
                    : "no setting does it; the command is: " + found->action.command);
  }
  return ChangeFor(services, {found->action.setting, found->action.value},
                   performance::ApplyReason(id));
}

// Why what a recommendation has changed can't be taken back; the log has the newest first.
Failure WhyNotUndone(const std::string& id, const std::vector<SettingLogEntry>& log,
                     const settings::Loaded& loaded) {
  const auto made = std::ranges::find(log, performance::ApplyReason(id), &SettingLogEntry::reason);
  if (made == log.end()) {
    return Fail(ErrorCode::kConflict, "this recommendation was not applied");
  }
  const auto newest = std::ranges::find(log, made->name, &SettingLogEntry::name);
  if (newest->reason == performance::UndoReason(id)) {
    return Fail(ErrorCode::kConflict, "this recommendation was taken back already");
  }
  if (newest->id != made->id) {
    return Fail(ErrorCode::kConflict, fmt::format("{} was changed since, to {} ({})", made->name,
                                                  newest->after, newest->reason));
  }
  const settings::Definition* definition = settings::FindDefinition(made->name);
  if (definition == nullptr) return Fail(ErrorCode::kConflict, settings::UnknownText(made->name));
  return Fail(ErrorCode::kConflict,
              fmt::format("{} is {} since the last start ({})", made->name,
                          settings::ValueText(loaded.settings, *definition),
                          settings::OriginName(loaded.origins.at(definition->name))));
}

Result<http::Response> Undo(const Services& services, const Call& call) {
  const std::string id = TRY(RuleOf(call));
  const std::vector<SettingLogEntry> log = TRY(performance::ReadSettingLog(services.database));
  const settings::Loaded loaded = services.settings.All();
  const std::vector<Applied> all = performance::AppliedOf(log, loaded.settings);
  const auto applied =
      std::ranges::find_if(all, [&](const Applied& one) { return one.id == id && one.can_undo; });
  if (applied == all.end()) return WhyNotUndone(id, log, loaded);
  NewValue value{applied->made.name, std::nullopt, applied->made.after};
  if (applied->made.was_changed) value.value = applied->made.before;
  return ChangeFor(services, value, performance::UndoReason(id));
}

}  // namespace

void AddPerformanceRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "GET", "/api/performance", Status);
  AddEndpoint(services, routes, "GET", "/api/performance/optimization", Optimization);
  AddEndpoint(services, routes, "POST", "/api/performance/optimize", Optimize, kOptimizeBodyMax);
  AddEndpoint(services, routes, "POST", "/api/performance/recommendations/{id}/apply", Apply);
  AddEndpoint(services, routes, "POST", "/api/performance/recommendations/{id}/undo", Undo);
}

}  // namespace verbatim::api
