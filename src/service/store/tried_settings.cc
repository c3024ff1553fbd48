#include "store/tried_settings.h"

#include "store/impl/connection.h"

namespace verbatim::store {

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
