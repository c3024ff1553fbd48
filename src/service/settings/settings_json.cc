#include "settings/settings_json.h"

#include <boost/json/object.hpp>
#include <utility>

namespace verbatim::settings {

boost::json::array SettingsJson(const Loaded& loaded) {
  boost::json::array array;
  for (const Definition& definition : Definitions()) {
    const auto origin = loaded.origins.find(definition.name);
    boost::json::object object{
        {"name", definition.name},
        {"value", ValueText(loaded.settings, definition)},
        {"source", OriginName(origin == loaded.origins.end() ? Origin::kDefault : origin->second)},
        {"default", ValueText({}, definition)},
        {"allowed", RangeText(definition)},
    };
    if (!definition.unit.empty()) object["unit"] = definition.unit;
    object["help"] = definition.help;
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace verbatim::settings
