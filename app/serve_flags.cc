#include "serve_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "models/models.h"
#include "settings/settings.h"

namespace verbatim::app {
namespace {

using settings::Definition;
using settings::Kind;

// The first setting of each group, as they follow each other in Definitions().
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kGroups = {{
    {"listen", "Server"},
    {"auth", "Access"},
    {"model", "Model"},
    {"min_workers", "Workers and memory"},
    {"max_file_size_bytes", "Uploads"},
    {"chunk_size_optimization", "Jobs"},
    {"keep_days", "What is kept"},
    {"webhook_url", "Webhooks"},
    {"watch_folder", "Watched folder"},
    {"connections_max", "Connections"},
}};

// Shorter names of those that are given often.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kShortNames = {{
    {"log_format", "--log"},
    {"model", "-m"},
    {"max_file_size_bytes", "--max-file-size"},
    {"running_jobs_max", "--runners"},
    {"disk_reserve_bytes", "--disk-reserve"},
}};

template <size_t kCount>
std::string_view FindText(
    const std::array<std::pair<std::string_view, std::string_view>, kCount>& table,
    std::string_view name) {
  for (const auto& [key, text] : table) {
    if (key == name) return text;
  }
  return "";
}

std::string FlagNames(const Definition& definition) {
  std::string name(definition.name);
  std::ranges::replace(name, '_', '-');
  const std::string_view short_name = FindText(kShortNames, definition.name);
  return short_name.empty() ? "--" + name : fmt::format("{},--{}", short_name, name);
}

std::string ValueName(const Definition& definition) {
  if (definition.name == "listen") return "HOST:PORT";
  if (definition.name == "data_dir") return "DIR";
  if (definition.name == "model") return "NAME|DIR";
  if (definition.name.starts_with("tls_")) return "FILE";
  if (definition.name == "webhook_url") return "URL";
  if (definition.name == "webhook_secret") return "TEXT";
  if (definition.name == "watch_formats") return "LIST";
  if (definition.name.starts_with("watch_")) return "DIR";
  if (definition.kind == Kind::kChoice)
    return fmt::format("{}", fmt::join(definition.choices, "|"));
  if (definition.kind == Kind::kText) return "LIST";
  return definition.kind == Kind::kSize ? "SIZE" : "N";
}

ValueHint HintOf(const Definition& definition) {
  ValueHint hint{ValueHint::Kind::kAny, {}};
  if (ValueName(definition) == "DIR") hint.kind = ValueHint::Kind::kFolder;
  if (ValueName(definition) == "FILE") hint.kind = ValueHint::Kind::kFile;
  if (definition.kind == Kind::kChoice) {
    hint.kind = ValueHint::Kind::kChoice;
    hint.choices.assign(definition.choices.begin(), definition.choices.end());
  }
  if (definition.name == "model") {
    hint.kind = ValueHint::Kind::kChoice;
    for (const models::CatalogEntry& entry : models::Catalog()) hint.choices.push_back(entry.name);
  }
  return hint;
}

std::string HelpText(const Definition& definition) {
  std::string value = settings::ValueText({}, definition);
  if (definition.name == "data_dir") value = "~/.local/share/verbatim";
  if (value.empty()) value = "none";
  return fmt::format("{} (default: {}{})", definition.help, value,
                     definition.is_live ? "; live" : "");
}

void AddFlag(FlagAdder& flags, const Definition& definition, ServeArguments* arguments) {
  const std::string name(definition.name);
  if (definition.kind == Kind::kFlag) {
    const bool is_on = settings::ValueText({}, definition) == "true";
    flags.Switch(is_on ? "--no-" + FlagNames(definition).substr(2) : FlagNames(definition),
                 fmt::format("{}{}{}", is_on ? "Do not: " : "", definition.help,
                             definition.is_live ? " (live)" : ""),
                 [arguments, name, is_on] {
                   arguments->settings.emplace_back(name, is_on ? "false" : "true");
                 });
    return;
  }
  CLI::Option* option =
      flags.Parsed(FlagNames(definition), ValueName(definition), HelpText(definition),
                   [arguments, name, &definition](const std::string& value) -> Result<void> {
                     settings::Settings scratch;
                     TRY_VOID(settings::Assign(scratch, definition, value));
                     arguments->settings.emplace_back(name, value);
                     return {};
                   });
  flags.Remember(option, HintOf(definition));
}

void AddConfigFlag(FlagAdder& flags, ServeArguments* arguments) {
  CLI::Option* config = flags.Text("--config", &arguments->config, "FILE",
                                   "Settings, as TOML; flags and VERBATIM_... win");
  flags.Remember(config, {ValueHint::Kind::kFile, {}});
}

}  // namespace

void AddDataFlags(CLI::App* command, ServeArguments* arguments, ValueHints* hints) {
  FlagAdder flags(command, hints);
  AddFlag(flags, *settings::FindDefinition("data_dir"), arguments);
  AddConfigFlag(flags, arguments);
}

void AddServeFlags(CLI::App* command, ServeArguments* arguments, ValueHints* hints) {
  FlagAdder flags(command, hints);
  command->footer(
      "Settings marked \"live\" may also change while the server runs "
      "(docs/http-api.md).");
  for (const Definition& definition : settings::Definitions()) {
    const std::string_view group = FindText(kGroups, definition.name);
    if (!group.empty()) flags.Group(std::string(group));
    AddFlag(flags, definition, arguments);
    if (definition.name == "listen") AddConfigFlag(flags, arguments);
    if (definition.name == "batch") {
      CLI::Option* calibration =
          flags.Text("--calibration", &arguments->calibration, "FILE|off",
                     "What bench --calibrate found (default: in the cache folder)");
      flags.Remember(calibration, {ValueHint::Kind::kFile, {}});
    }
  }
}

}  // namespace verbatim::app
