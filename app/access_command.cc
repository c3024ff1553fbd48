#include "access_command.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <string_view>

#include "access_control.h"
#include "base/clock.h"
#include "report.h"
#include "server_settings.h"
#include "service_options.h"

namespace verbatim::app {
namespace {

namespace json = boost::json;

constexpr int64_t kSpanMax = 100'000;

Result<json::object> Ask(const AccessArguments& arguments, const json::object& request) {
  const settings::Loaded loaded = TRY(LoadServerSettings(arguments.serve));
  return Control(TRY(MakeDataFolder(loaded.settings)), request);
}

ExitCode ExitWith(const Error& error) {
  Complain(error.message);
  return ExitCodeOf(error.code, Stage::kFile);
}

// What is null is "-".
std::string_view Field(const json::value& object, std::string_view name) {
  const json::value* value = object.get_object().if_contains(name);
  const bool is_text = value != nullptr && value->is_string() && !value->get_string().empty();
  return is_text ? std::string_view(value->get_string()) : "-";
}

// To the minute: "2026-11-26 09:00".
std::string Minute(const json::value& object, std::string_view name) {
  std::string time(Field(object, name).substr(0, 16));
  if (time.size() > 10) time[10] = ' ';
  return time;
}

void PrintTokens(const json::object& answer) {
  constexpr std::string_view kRow = "{:<10}{:<8}{:<18}{:<18}{:<18}{}\n";
  fmt::print(kRow, "id", "scope", "created", "expires", "last used", "name");
  for (const json::value& token : answer.at("tokens").as_array()) {
    fmt::print(kRow, Field(token, "id"), Field(token, "scope"), Minute(token, "created"),
               Minute(token, "expires"), Minute(token, "last_used"), Field(token, "name"));
  }
}

void PrintAudit(const json::object& answer) {
  const json::array& entries = answer.at("entries").as_array();
  for (size_t i = entries.size(); i-- > 0;) {
    const json::value& entry = entries[i];
    fmt::print("{}  {} {}  {}  {}  {}  {}\n", Field(entry, "time"), Field(entry, "token"),
               Field(entry, "name"), Field(entry, "address"), Field(entry, "action"),
               Field(entry, "object"), Field(entry, "outcome"));
  }
}

}  // namespace

Result<int64_t> ParseSpan(const std::string& text) {
  constexpr std::string_view kUnits = "mhdw";
  constexpr int64_t kUnitMs[] = {60'000, 3'600'000, 86'400'000, 7 * 86'400'000};
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const size_t at = unit.size() == 1 ? kUnits.find(unit) : std::string_view::npos;
  if (error != std::errc() || at == std::string_view::npos || number < 1 || number > kSpanMax) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" is no span of time such as 90m, 12h, 30d or 2w", text));
  }
  return number * kUnitMs[at];
}

ExitCode CreateToken(const AccessArguments& arguments) {
  const Result<json::object> made = Ask(arguments, {{"do", "token create"},
                                                    {"name", arguments.name},
                                                    {"scope", arguments.scope},
                                                    {"lifetime_ms", arguments.span_ms}});
  if (!made) return ExitWith(made.error());
  fmt::print("{}\n", std::string_view(made->at("secret").as_string()));
  Complain(
      fmt::format("token {} ({}), shown this once; take it back with: verbatim token revoke {}",
                  Field(*made, "id"), Field(*made, "scope"), Field(*made, "id")));
  return ExitCode::kSuccess;
}

ExitCode ListTokens(const AccessArguments& arguments) {
  const Result<json::object> listed = Ask(arguments, {{"do", "token list"}});
  if (!listed) return ExitWith(listed.error());
  if (arguments.is_json) {
    fmt::print("{}\n", json::serialize(*listed));
  } else {
    PrintTokens(*listed);
  }
  return ExitCode::kSuccess;
}

ExitCode RevokeToken(const AccessArguments& arguments) {
  const Result<json::object> revoked =
      Ask(arguments, {{"do", "token revoke"}, {"id", arguments.token}});
  if (!revoked) return ExitWith(revoked.error());
  Complain(fmt::format("revoked {} \"{}\"", Field(*revoked, "id"), Field(*revoked, "name")));
  if (revoked->at("left") == 0) {
    Complain("no token is left: with auth = auto a server for this machine alone asks for none");
  }
  return ExitCode::kSuccess;
}

ExitCode ShowAudit(const AccessArguments& arguments) {
  json::object request{{"do", "audit"}, {"limit", arguments.limit}};
  if (arguments.span_ms > 0) request["since_ms"] = SystemClock().WallMs() - arguments.span_ms;
  const Result<json::object> found = Ask(arguments, request);
  if (!found) return ExitWith(found.error());
  if (arguments.is_json) {
    fmt::print("{}\n", json::serialize(*found));
  } else {
    PrintAudit(*found);
  }
  return ExitCode::kSuccess;
}

}  // namespace verbatim::app
