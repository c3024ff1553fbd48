// The tables of settings that were changed while a server ran: the changes that count, a log of all
// there were, and those that are being tried. What a name or a value means is not known here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

struct ChangedSetting {
  std::string name;
  std::string value;
};

// Writes a setting's value in place of an earlier one.
Result<void> StoreSetting(Connection& connection, const ChangedSetting& setting);
// It has the value of the start again.
Result<void> ForgetSetting(Connection& connection, const std::string& name);
// All that were changed, by name.
Result<std::vector<ChangedSetting>> ChangedSettings(Connection& connection);

struct SettingLogEntry {
  int64_t id = 0;       // in the order of the changes
  int64_t time_ms = 0;  // wall clock
  std::string name;
  std::string before;
  std::string after;
  bool was_changed = false;  // `before` came from a change, too
  std::string reason;
};

// Appends; the id is given here. The newest 10,000 are kept.
Result<void> LogSettingChange(Connection& connection, const SettingLogEntry& entry);
// The newest first, at most `count`.
Result<std::vector<SettingLogEntry>> SettingLog(Connection& connection, size_t count);

// Of settings that are being tried: how to take back what a server that ended in the middle of a
// trial has left.
struct TriedSetting {
  std::string name;
  std::string before;  // its value before the trial
};

// One for each name: replaces what is there.
Result<void> PutTriedSetting(Connection& connection, const TriedSetting& setting);
Result<std::vector<TriedSetting>> TriedSettings(Connection& connection);
// Drops all of them.
Result<void> ClearTriedSettings(Connection& connection);

}  // namespace verbatim::store
