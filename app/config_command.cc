#include "config_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <string>

#include "report.h"
#include "server_settings.h"
#include "settings/settings.h"
#include "settings/settings_json.h"

namespace verbatim::app {
namespace {

namespace json = boost::json;
using settings::Definition;
using settings::Loaded;

ExitCode Refuse(const Error& error) {
  Complain(error.message);
  return ExitCodeOf(error.code, Stage::kArguments);
}

void PrintJson(const Loaded& loaded) {
  fmt::print("{}\n", json::serialize(json::object{{"settings", settings::SettingsJson(loaded)}}));
}

void PrintTable(const Loaded& loaded) {
  constexpr std::string_view kRow = "{:<28}{:<18}{:<13}{:<6}{}\n";
  fmt::print(kRow, "setting", "value", "origin", "live", "allowed");
  for (const Definition& definition : settings::Definitions()) {
    const std::string value = settings::ShownText(loaded.settings, definition);
    fmt::print(kRow, definition.name, value.empty() ? std::string_view("-") : value,
               settings::OriginName(loaded.origins.at(definition.name)),
               definition.is_live ? "yes" : "-", settings::RangeText(definition));
  }
}

}  // namespace

ExitCode ShowConfig(const ConfigArguments& arguments) {
  const Result<Loaded> loaded = LoadServerSettings(arguments.serve);
  if (!loaded) return Refuse(loaded.error());
  if (arguments.is_json) {
    PrintJson(*loaded);
  } else {
    PrintTable(*loaded);
  }
  return ExitCode::kSuccess;
}

ExitCode ValidateConfig(const ConfigArguments& arguments) {
  const Result<Loaded> loaded = LoadServerSettings(arguments.serve);
  if (!loaded) return Refuse(loaded.error());
  const auto changed = std::ranges::count_if(loaded->origins, [](const auto& entry) {
    return entry.second != settings::Origin::kDefault;
  });
  fmt::print("all settings are well; {} of {} are not left to their defaults\n", changed,
             loaded->origins.size());
  return ExitCode::kSuccess;
}

}  // namespace verbatim::app
