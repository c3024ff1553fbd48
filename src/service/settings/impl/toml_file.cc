#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// Some say what a file may be, and the parser finds it all the same ("[=]", 3.3.0).
#define TOML_ASSERT(condition) static_assert(true)
#include "settings/impl/toml_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/atomic_file.h"

namespace verbatim::settings {
namespace {

constexpr uint64_t kFileSizeMax = 1 << 20;

Failure Wrong(const std::filesystem::path& path, uint32_t line, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}:{}: {}", path.string(), line, what));
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  return std::nullopt;
}

Result<void> Collect(const toml::table& table, const std::filesystem::path& path,
                     std::vector<TomlEntry>& entries) {
  for (const auto& [key, node] : table) {
    const uint32_t line = node.source().begin.line;
    if (const toml::table* inner = node.as_table()) {
      TRY_VOID(Collect(*inner, path, entries));
      continue;
    }
    std::optional<std::string> text = TextOf(node);
    if (!text) {
      return Wrong(path, line,
                   fmt::format("{} is neither text nor number nor true or false", key.str()));
    }
    if (std::ranges::find(entries, key.str(), &TomlEntry::name) != entries.end()) {
      return Wrong(path, line, fmt::format("{} is set twice", key.str()));
    }
    entries.push_back({std::string(key.str()), *std::move(text), line});
  }
  return {};
}

}  // namespace

Result<std::vector<TomlEntry>> ReadTomlFile(const std::filesystem::path& path) {
  const std::string text = TRY(ReadFile(path, kFileSizeMax));
  const toml::parse_result parsed = toml::parse(text, path.string());
  if (!parsed) {
    return Wrong(path, parsed.error().source().begin.line, parsed.error().description());
  }
  std::vector<TomlEntry> entries;
  TRY_VOID(Collect(parsed.table(), path, entries));
  std::ranges::sort(entries, {}, &TomlEntry::line);
  return entries;
}

}  // namespace verbatim::settings
