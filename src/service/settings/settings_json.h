// Settings as people and programs are shown them.
#pragma once

#include <boost/json/array.hpp>

#include "settings/settings.h"

namespace verbatim::settings {

// Of each setting: name, value, source, default, allowed, unit (if it has one), help. Values as
// Assign takes them.
boost::json::array SettingsJson(const Loaded& loaded);

}  // namespace verbatim::settings
