// Settings as people and programs are shown them.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "settings/settings.h"

namespace verbatim::settings {

// A value as JSON of its kind: true, 4, 0.8, "info"; sizes as bytes.
boost::json::value ValueJson(const Settings& settings, const Definition& definition);

// The same of a value that is text; as text if it is none of such a setting.
boost::json::value ValueJson(std::string_view name, const std::string& text);

// A JSON value as the text that Assign takes. Errors: kInvalidArgument, with the setting, the value
// and what is allowed, for what is neither text, number nor true and false.
Result<std::string> TextOfJson(const Definition& definition, const boost::json::value& value);

// Of each setting what a form needs: name, kind, value, default, min and max or choices, allowed
// (in words), unit (if it has one), help, is_live, origin.
boost::json::array SettingsJson(const Loaded& loaded);

}  // namespace verbatim::settings
