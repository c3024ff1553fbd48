#include "settings/settings_json.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace verbatim::settings {
namespace {

namespace json = boost::json;

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kFlag: return "flag";
    case Kind::kInteger: return "integer";
    case Kind::kSize: return "size";
    case Kind::kDecimal: return "decimal";
    case Kind::kText: return "text";
    case Kind::kChoice: break;
  }
  return "choice";
}

void AddRange(const Definition& definition, json::object& object) {
  switch (definition.kind) {
    case Kind::kInteger:
    case Kind::kSize:
      object["min"] = definition.min;
      object["max"] = definition.max;
      break;
    case Kind::kDecimal:
      object["min"] = definition.decimal_min;
      object["max"] = definition.decimal_max;
      break;
    case Kind::kChoice:
      object["choices"] = json::array(definition.choices.begin(), definition.choices.end());
      break;
    case Kind::kFlag:
    case Kind::kText: break;
  }
}

json::value ShownJson(const Settings& settings, const Definition& definition) {
  if (definition.is_secret) return json::value(ShownText(settings, definition));
  return ValueJson(settings, definition);
}

}  // namespace

json::value ValueJson(const Settings& settings, const Definition& definition) {
  return std::visit([&](auto field) { return json::value(settings.*field); }, definition.field);
}

json::value ValueJson(std::string_view name, const std::string& text) {
  const Definition* definition = FindDefinition(name);
  Settings settings;
  if (definition == nullptr || !Assign(settings, *definition, text)) return json::value(text);
  return ValueJson(settings, *definition);
}

Result<std::string> TextOfJson(const Definition& definition, const json::value& value) {
  if (const json::string* text = value.if_string()) return std::string(*text);
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_double()) return fmt::format("{}", value.get_double());
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is {}, but must be {}", definition.name, json::serialize(value),
                          RangeText(definition)));
}

json::array SettingsJson(const Loaded& loaded) {
  json::array array;
  for (const Definition& definition : Definitions()) {
    const auto origin = loaded.origins.find(definition.name);
    json::object object{{"name", definition.name},
                        {"kind", KindName(definition.kind)},
                        {"value", ShownJson(loaded.settings, definition)},
                        {"default", ValueJson({}, definition)}};
    AddRange(definition, object);
    object["allowed"] = RangeText(definition);
    if (!definition.unit.empty()) object["unit"] = definition.unit;
    object["help"] = definition.help;
    object["is_live"] = definition.is_live;
    object["origin"] =
        OriginName(origin == loaded.origins.end() ? Origin::kDefault : origin->second);
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace verbatim::settings
