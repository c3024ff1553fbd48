// Which recommendations were followed and still hold, from the log of changes.
#pragma once

#include <boost/json/array.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "settings/settings.h"
#include "store/database.h"
#include "store/settings.h"

namespace verbatim::performance {

// Reasons of changes, in the log: "recommendation:low_memory", "undo:low_memory".
std::string ApplyReason(std::string_view id);
std::string UndoReason(std::string_view id);

struct Applied {
  std::string id;               // of the recommendation
  store::SettingLogEntry made;  // the change that it made
  bool can_undo = false;        // nobody has changed the setting since
};

// The changes that are remembered, the newest first. Errors: of the database.
Result<std::vector<store::SettingLogEntry>> ReadSettingLog(store::Database& database);

// Of a log, the newest first, and what holds now: the recommendations whose change still has its
// effect, the newest first. A pure function.
std::vector<Applied> AppliedOf(const std::vector<store::SettingLogEntry>& log,
                               const settings::Settings& settings);

// Of each: id, setting, before, after, applied (when), can_undo.
boost::json::array AppliedJson(const std::vector<Applied>& applied);

}  // namespace verbatim::performance
