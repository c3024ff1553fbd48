#include "store/settings.h"

#include <utility>

#include "store/impl/connection.h"

namespace verbatim::store {
namespace {

constexpr int64_t kLogEntriesMax = 10'000;

}  // namespace

Result<void> StoreSetting(Connection& connection, const ChangedSetting& setting) {
  Statement store =
      TRY(connection.Prepare("INSERT INTO changed_settings (name, value) VALUES (?, ?) "
                             "ON CONFLICT (name) DO UPDATE SET value = excluded.value"));
  TRY(store.Bind(setting.name).Bind(setting.value).Run());
  return {};
}

Result<void> ForgetSetting(Connection& connection, const std::string& name) {
  Statement remove = TRY(connection.Prepare("DELETE FROM changed_settings WHERE name = ?"));
  TRY(remove.Bind(name).Run());
  return {};
}

Result<std::vector<ChangedSetting>> ChangedSettings(Connection& connection) {
  Statement find =
      TRY(connection.Prepare("SELECT name, value FROM changed_settings ORDER BY name"));
  std::vector<ChangedSetting> settings;
  while (TRY(find.Step())) {
    ChangedSetting setting;
    setting.name = find.Text();
    setting.value = find.Text();
    settings.push_back(std::move(setting));
  }
  return settings;
}

Result<void> LogSettingChange(Connection& connection, const SettingLogEntry& entry) {
  Statement insert = TRY(connection.Prepare(
      "INSERT INTO setting_log (time_ms, name, before, after, was_changed, reason) "
      "VALUES (?, ?, ?, ?, ?, ?)"));
  insert.Bind(entry.time_ms).Bind(entry.name).Bind(entry.before).Bind(entry.after);
  TRY(insert.Bind(entry.was_changed).Bind(entry.reason).Run());
  Statement trim = TRY(connection.Prepare("DELETE FROM setting_log WHERE id <= ?"));
  TRY(trim.Bind(connection.inserted_id() - kLogEntriesMax).Run());
  return {};
}

Result<std::vector<SettingLogEntry>> SettingLog(Connection& connection, size_t count) {
  Statement find =
      TRY(connection.Prepare("SELECT id, time_ms, name, before, after, was_changed, reason "
                             "FROM setting_log ORDER BY id DESC LIMIT ?"));
  find.Bind(AsLimit(count));
  std::vector<SettingLogEntry> entries;
  while (TRY(find.Step())) {
    SettingLogEntry entry;
    entry.id = find.Integer();
    entry.time_ms = find.Integer();
    entry.name = find.Text();
    entry.before = find.Text();
    entry.after = find.Text();
    entry.was_changed = find.Boolean();
    entry.reason = find.Text();
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<void> PutTriedSetting(Connection& connection, const TriedSetting& setting) {
  Statement put =
      TRY(connection.Prepare("INSERT OR REPLACE INTO tried_settings (name, before) VALUES (?, ?)"));
  put.Bind(setting.name).Bind(setting.before);
  TRY(put.Run());
  return {};
}

Result<std::vector<TriedSetting>> TriedSettings(Connection& connection) {
  Statement find = TRY(connection.Prepare("SELECT name, before FROM tried_settings ORDER BY name"));
  std::vector<TriedSetting> settings;
  while (TRY(find.Step())) {
    TriedSetting& setting = settings.emplace_back();
    setting.name = find.Text();
    setting.before = find.Text();
  }
  return settings;
}

Result<void> ClearTriedSettings(Connection& connection) {
  Statement clear = TRY(connection.Prepare("DELETE FROM tried_settings"));
  TRY(clear.Run());
  return {};
}

}  // namespace verbatim::store
