#include "settings/kept_settings.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <utility>

#include "settings/settings_json.h"
#include "store/events.h"
#include "store/settings.h"

namespace verbatim::settings {
namespace {

namespace json = boost::json;
using store::Connection;

Result<void> Write(Connection& connection, const SettingChange& change, std::string_view reason,
                   int64_t now_ms) {
  if (change.is_changed) {
    TRY_VOID(store::StoreSetting(connection, {change.name, change.after}));
  } else {
    TRY_VOID(store::ForgetSetting(connection, change.name));
  }
  store::SettingLogEntry entry;
  entry.time_ms = now_ms;
  entry.name = change.name;
  entry.before = change.before;
  entry.after = change.after;
  entry.was_changed = change.was_changed;
  entry.reason = reason;
  return store::LogSettingChange(connection, entry);
}

Result<void> WriteAll(Connection& connection, const std::vector<SettingChange>& changes,
                      std::string_view reason, int64_t now_ms) {
  for (const SettingChange& change : changes) {
    TRY_VOID(Write(connection, change, reason, now_ms));
  }
  store::Event event;
  event.time_ms = now_ms;
  event.type = "settings.changed";
  event.data = json::serialize(json::object{{"changes", ChangesJson(changes)}, {"reason", reason}});
  TRY(store::AppendEvent(connection, std::move(event)));
  return {};
}

std::string LogLine(const std::vector<SettingChange>& changes, std::string_view reason) {
  std::string line = fmt::format("settings changed ({}): ", reason);
  for (const SettingChange& change : changes) {
    if (&change != &changes.front()) line += ", ";
    line += fmt::format("{} from {} to {}", change.name, change.before, change.after);
    if (change.is_changed && IsGivenAnew(change.given_by)) {
      line += fmt::format(" (its {} counts again at the next start)", OriginName(change.given_by));
    }
  }
  return line;
}

}  // namespace

Result<void> KeepIn(store::Database& database, Live& live, const Clock& clock, Log& log) {
  const std::vector<store::ChangedSetting> changed =
      TRY(database.Read([](Connection& connection) { return store::ChangedSettings(connection); }));
  std::vector<std::pair<std::string, std::string>> values;
  for (const store::ChangedSetting& setting : changed) {
    values.emplace_back(setting.name, setting.value);
  }
  for (const std::string& passed_over : live.Restore(values)) log.Warning("{}", passed_over);
  live.RememberWith(
      [&](const std::vector<SettingChange>& changes, std::string_view reason) -> Result<void> {
        TRY_VOID(database.Write([&](Connection& connection) {
          return WriteAll(connection, changes, reason, clock.WallMs());
        }));
        log.Info("{}", LogLine(changes, reason));
        return {};
      });
  return {};
}

json::array ChangesJson(const std::vector<SettingChange>& changes) {
  json::array array;
  for (const SettingChange& change : changes) {
    array.push_back(json::object{{"name", change.name},
                                 {"before", ValueJson(change.name, change.before)},
                                 {"after", ValueJson(change.name, change.after)}});
  }
  return array;
}

}  // namespace verbatim::settings
