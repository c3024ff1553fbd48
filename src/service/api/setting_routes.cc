// Settings over HTTP: what there is, what may be changed while the server runs, and what was.
#include <boost/json/object.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "api/api.h"
#include "api/impl/endpoint.h"
#include "settings/kept_settings.h"
#include "settings/settings_json.h"
#include "store/settings.h"

namespace verbatim::api {
namespace {

namespace json = boost::json;
using settings::NewValue;
using settings::SettingChange;
using store::SettingLogEntry;

constexpr uint64_t kBodyMax = 64 << 10;
constexpr int64_t kChangesShown = 100;
constexpr int64_t kChangesMax = 10'000;

Result<http::Response> Show(const Services& services, const Call&) {
  return JsonResponse(200, {{"settings", settings::SettingsJson(services.settings.All())}});
}

// {"workers": 4, "batch": null}; null: as it was given at start.
Result<std::vector<NewValue>> ParseValues(std::string_view body) {
  std::vector<NewValue> values;
  for (const auto& [key, value] : TRY(ParseObject(body))) {
    const settings::Definition* definition = settings::FindDefinition(key);
    if (definition == nullptr) {
      return Fail(ErrorCode::kInvalidArgument, settings::UnknownText(key));
    }
    NewValue wanted;
    wanted.name = key;
    if (!value.is_null()) wanted.value = TRY(settings::TextOfJson(*definition, value));
    values.push_back(std::move(wanted));
  }
  return values;
}

Result<http::Response> Change(const Services& services, const Call& call) {
  const std::vector<NewValue> values = TRY(ParseValues(call.body));
  const std::vector<SettingChange> changes = TRY(services.settings.Change(values, "api"));
  return JsonResponse(200, {{"changes", settings::ChangesJson(changes)},
                            {"settings", settings::SettingsJson(services.settings.All())}});
}

Result<http::Response> Changes(const Services& services, const Call& call) {
  const int64_t limit = TRY(QueryNumber(call.request(), "limit", kChangesShown, {1, kChangesMax}));
  const std::vector<SettingLogEntry> log =
      TRY(services.database.Read([&](store::Connection& connection) {
        return store::SettingLog(connection, static_cast<size_t>(limit));
      }));
  json::array changes;
  for (const SettingLogEntry& entry : log) {
    changes.push_back(json::object{{"time", UtcText(entry.time_ms)},
                                   {"name", entry.name},
                                   {"before", settings::ValueJson(entry.name, entry.before)},
                                   {"after", settings::ValueJson(entry.name, entry.after)},
                                   {"reason", entry.reason}});
  }
  return JsonResponse(200, {{"changes", std::move(changes)}});
}

}  // namespace

void AddSettingRoutes(const Services& services, std::vector<http::Route>& routes) {
  AddEndpoint(services, routes, "GET", "/api/performance/settings", Show);
  AddEndpoint(services, routes, "PATCH", "/api/performance/settings", Change, kBodyMax);
  AddEndpoint(services, routes, "GET", "/api/performance/settings/changes", Changes);
}

}  // namespace verbatim::api
