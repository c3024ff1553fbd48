// The table of settings that are being tried: how to take back what a server that ended in the
// middle of a trial has left.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

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
