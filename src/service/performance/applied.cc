#include "performance/applied.h"

#include <boost/json/object.hpp>
#include <set>
#include <utility>

#include "base/clock.h"
#include "settings/settings_json.h"

namespace verbatim::performance {
namespace {

namespace json = boost::json;
using store::SettingLogEntry;

constexpr std::string_view kApply = "recommendation:";
constexpr std::string_view kUndo = "undo:";
constexpr size_t kEntriesLookedAt = 1000;

bool Holds(const SettingLogEntry& entry, const settings::Settings& settings) {
  const settings::Definition* definition = settings::FindDefinition(entry.name);
  return definition != nullptr && settings::ValueText(settings, *definition) == entry.after;
}

}  // namespace

std::string ApplyReason(std::string_view id) { return std::string(kApply) + std::string(id); }
std::string UndoReason(std::string_view id) { return std::string(kUndo) + std::string(id); }

Result<std::vector<SettingLogEntry>> ReadSettingLog(store::Database& database) {
  return database.Read([](store::Connection& connection) {
    return store::SettingLog(connection, kEntriesLookedAt);
  });
}

std::vector<Applied> AppliedOf(const std::vector<SettingLogEntry>& log,
                               const settings::Settings& settings) {
  std::vector<Applied> found;
  std::set<std::string_view> changed_since;
  std::set<std::pair<std::string_view, std::string_view>> settled;  // id and setting
  for (const SettingLogEntry& entry : log) {
    const bool is_newest = changed_since.insert(entry.name).second;
    const std::string_view reason = entry.reason;
    if (reason.starts_with(kUndo)) settled.insert({reason.substr(kUndo.size()), entry.name});
    if (!reason.starts_with(kApply)) continue;
    const std::string_view id = reason.substr(kApply.size());
    if (!settled.insert({id, entry.name}).second || !Holds(entry, settings)) continue;
    found.push_back({std::string(id), entry, is_newest});
  }
  return found;
}

json::array AppliedJson(const std::vector<Applied>& applied) {
  json::array array;
  for (const Applied& one : applied) {
    array.push_back(json::object{{"id", one.id},
                                 {"setting", one.made.name},
                                 {"before", settings::ValueJson(one.made.name, one.made.before)},
                                 {"after", settings::ValueJson(one.made.name, one.made.after)},
                                 {"applied", UtcText(one.made.time_ms)},
                                 {"can_undo", one.can_undo}});
  }
  return array;
}

}  // namespace verbatim::performance
