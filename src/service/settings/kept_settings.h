// Changes of settings that outlive the server: in its ledger, with an event for those who follow,
// and a line in the log.
#pragma once

#include <boost/json/array.hpp>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "settings/live.h"
#include "store/database.h"

namespace verbatim::settings {

// Takes up what earlier runs have changed, and from now on keeps each change, before it holds. All
// of them outlive `live`. Errors: those of the database.
Result<void> KeepIn(store::Database& database, Live& live, const Clock& clock, Log& log);

// Of each change: name, before, after.
boost::json::array ChangesJson(const std::vector<SettingChange>& changes);

}  // namespace verbatim::settings
