#include "settings/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <system_error>
#include <type_traits>
#include <utility>

#include "settings/impl/toml_file.h"

namespace verbatim::settings {
namespace {

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> ParseDecimal(const Definition& definition, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const bool is_allowed =
      std::isfinite(number) && number >= definition.decimal_min && number <= definition.decimal_max;
  return is_allowed ? std::optional(number) : std::nullopt;
}

std::optional<uint64_t> UnitBytes(std::string_view unit) {
  constexpr std::pair<std::string_view, uint64_t> kUnits[] = {
      {"", 1},
      {"B", 1},
      {"kB", 1000},
      {"MB", 1'000'000},
      {"GB", 1'000'000'000},
      {"TB", 1'000'000'000'000},
      {"KiB", 1ULL << 10},
      {"MiB", 1ULL << 20},
      {"GiB", 1ULL << 30},
      {"TiB", 1ULL << 40},
  };
  const auto found = std::ranges::find(kUnits, unit, &std::pair<std::string_view, uint64_t>::first);
  if (found == std::end(kUnits)) return std::nullopt;
  return found->second;
}

// "52428800", "50 MiB", "1GB".
std::optional<uint64_t> ParseSize(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view unit = text.substr(digits);
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  const std::optional<uint64_t> number = ParseNumber(text.substr(0, digits));
  const std::optional<uint64_t> bytes = UnitBytes(unit);
  if (!number || !bytes) return std::nullopt;
  if (*number > std::numeric_limits<uint64_t>::max() / *bytes) return std::nullopt;
  return *number * *bytes;
}

std::optional<bool> ParseFlag(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return std::nullopt;
}

std::optional<std::string> ParseText(const Definition& definition, std::string_view text) {
  if (definition.kind == Kind::kChoice &&
      std::ranges::find(definition.choices, text) == definition.choices.end()) {
    return std::nullopt;
  }
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return std::nullopt;
  }
  return std::string(text);
}

std::string SizeText(uint64_t bytes) {
  for (const auto& [shift, unit] : {std::pair{40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}}) {
    if (bytes != 0 && bytes % (1ULL << shift) == 0)
      return fmt::format("{} {}", bytes >> shift, unit);
  }
  return std::to_string(bytes);
}

// How many letters must change to make one of the other.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Failure UnknownSetting(std::string_view name, std::string_view where) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", where, UnknownText(name)));
}

Result<void> AssignFrom(Loaded& loaded, const Definition& definition, std::string_view text,
                        std::pair<Origin, std::string_view> from) {
  if (Result<void> assigned = Assign(loaded.settings, definition, text); !assigned) {
    return Failure(std::move(assigned).error().WithContext(from.second));
  }
  loaded.origins[definition.name] = from.first;
  return {};
}

std::string VariableName(std::string_view name) {
  std::string variable = "VERBATIM_";
  for (const char c : name) {
    variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

}  // namespace

Result<void> Assign(Settings& settings, const Definition& definition, std::string_view text) {
  const auto store = [&](auto parsed, auto field) {
    if (!parsed) return false;
    settings.*field = *std::move(parsed);
    return true;
  };
  const auto number = [&]() -> std::optional<uint64_t> {
    const auto parsed = definition.kind == Kind::kSize ? ParseSize(text) : ParseNumber(text);
    if (!parsed || *parsed < definition.min || *parsed > definition.max) return std::nullopt;
    return parsed;
  };
  const bool is_good = std::visit(
      [&](auto field) {
        using Field = decltype(field);
        if constexpr (std::is_same_v<Field, bool Settings::*>) return store(ParseFlag(text), field);
        if constexpr (std::is_same_v<Field, std::string Settings::*>)
          return store(ParseText(definition, text), field);
        if constexpr (std::is_same_v<Field, uint64_t Settings::*>) return store(number(), field);
        if constexpr (std::is_same_v<Field, double Settings::*>)
          return store(ParseDecimal(definition, text), field);
        if constexpr (std::is_same_v<Field, int64_t Settings::*>) {
          const std::optional<uint64_t> parsed = number();
          if (!parsed) return false;
          settings.*field = static_cast<int64_t>(*parsed);
          return true;
        }
      },
      definition.field);
  if (is_good) return {};
  return Fail(
      ErrorCode::kInvalidArgument,
      fmt::format("{} is \"{}\", but must be {}", definition.name, text, RangeText(definition)));
}

std::string ValueText(const Settings& settings, const Definition& definition) {
  return std::visit(
      [&](auto field) -> std::string {
        using Value = std::remove_cvref_t<decltype(settings.*field)>;
        if constexpr (std::is_same_v<Value, bool>) return settings.*field ? "true" : "false";
        if constexpr (std::is_same_v<Value, std::string>) return settings.*field;
        if constexpr (std::is_same_v<Value, uint64_t>) return SizeText(settings.*field);
        if constexpr (std::is_same_v<Value, int64_t>) return std::to_string(settings.*field);
        if constexpr (std::is_same_v<Value, double>) return fmt::format("{}", settings.*field);
      },
      definition.field);
}

std::string ShownText(const Settings& settings, const Definition& definition) {
  std::string text = ValueText(settings, definition);
  return definition.is_secret && !text.empty() ? "(set)" : text;
}

std::string RangeText(const Definition& definition) {
  switch (definition.kind) {
    case Kind::kFlag: return "true or false";
    case Kind::kInteger:
      return fmt::format("a whole number, {} to {}", definition.min, definition.max);
    case Kind::kSize:
      return fmt::format("a size, {} to {}", SizeText(definition.min), SizeText(definition.max));
    case Kind::kDecimal:
      return fmt::format("a number, {} to {}", definition.decimal_min, definition.decimal_max);
    case Kind::kChoice: return fmt::format("{}", fmt::join(definition.choices, " or "));
    case Kind::kText: break;
  }
  return "text on one line";
}

std::string UnknownText(std::string_view name) {
  const auto nearest = std::ranges::min_element(
      Definitions(), {},
      [&](const Definition& definition) { return Distance(name, definition.name); });
  return fmt::format("there is no setting \"{}\"; did you mean \"{}\"?", name, nearest->name);
}

std::string_view OriginName(Origin origin) {
  switch (origin) {
    case Origin::kDefault: return "default";
    case Origin::kFile: return "file";
    case Origin::kEnvironment: return "environment";
    case Origin::kFlag: return "flag";
    case Origin::kChanged: break;
  }
  return "changed";
}

Result<Loaded> Load(const Sources& sources) {
  Loaded loaded;
  for (const Definition& definition : Definitions()) {
    loaded.origins[definition.name] = Origin::kDefault;
  }
  if (sources.file) {
    for (const TomlEntry& entry : TRY(ReadTomlFile(*sources.file))) {
      const std::string where = fmt::format("{}:{}", sources.file->string(), entry.line);
      const Definition* definition = FindDefinition(entry.name);
      if (definition == nullptr) return UnknownSetting(entry.name, where);
      TRY_VOID(AssignFrom(loaded, *definition, entry.value, {Origin::kFile, where}));
    }
  }
  for (const Definition& definition : Definitions()) {
    const std::string variable = VariableName(definition.name);
    const char* value = sources.environment ? sources.environment(variable.c_str()) : nullptr;
    if (value == nullptr || *value == '\0') continue;
    TRY_VOID(AssignFrom(loaded, definition, value, {Origin::kEnvironment, variable}));
  }
  for (const auto& [name, value] : sources.flags) {
    const Definition* definition = FindDefinition(name);
    if (definition == nullptr) return UnknownSetting(name, "flags");
    TRY_VOID(AssignFrom(loaded, *definition, value, {Origin::kFlag, "flags"}));
  }
  return loaded;
}

}  // namespace verbatim::settings
