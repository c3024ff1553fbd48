// Adds flags to one command of a CLI11 tree, with ranges and choices checked in one wording, and
// keeps for completion what the value of each can be.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "command_line.h"

namespace verbatim::app {

using ValueHints = std::map<const CLI::Option*, ValueHint>;

// A number written as a whole word. Errors: kInvalidArgument, with the range.
template <typename Number>
Result<Number> ParseNumber(const std::string& word, std::pair<Number, Number> range) {
  Number number{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool is_whole = error == std::errc() && end == word.data() + word.size();
  if (is_whole && number >= range.first && number <= range.second) return number;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" is no number from {} to {}", word, range.first, range.second));
}

class FlagAdder {
 public:
  using Take = std::function<Result<void>(const std::string&)>;

  FlagAdder(CLI::App* command, ValueHints* hints) : command_(command), hints_(hints) {}

  // The group under which the following flags stand in the help.
  void Group(std::string group) { group_ = std::move(group); }

  CLI::Option* Switch(const std::string& name, const std::string& text,
                      std::function<void()> on_given) {
    return Remember(command_->add_flag_callback(name, std::move(on_given), text), {});
  }

  CLI::Option* Text(const std::string& name, std::string* target, const std::string& value_name,
                    const std::string& text) {
    return Remember(command_->add_option(name, *target, text)->option_text(value_name),
                    {ValueHint::Kind::kAny, {}});
  }

  // A value of one's own type: `take` stores it, or says in an Error what is wrong with it.
  CLI::Option* Parsed(const std::string& name, const std::string& value_name,
                      const std::string& text, Take take) {
    const auto check = [take = std::move(take)](const std::string& given) {
      const Result<void> taken = take(given);
      return taken ? std::string() : taken.error().message;
    };
    CLI::Option* option =
        command_->add_option_function<std::string>(name, [](const std::string&) {}, text);
    return Remember(option->check(check)->option_text(value_name), {ValueHint::Kind::kAny, {}});
  }

  // A number in a range, both ends included.
  template <typename Number>
  CLI::Option* Ranged(const std::string& name, Number* target, std::pair<Number, Number> range,
                      const std::string& text) {
    return Parsed(
        name, "N",
        fmt::format("{} ({} to {}; default {})", text, range.first, range.second, *target),
        [target, range](const std::string& word) -> Result<void> {
          *target = TRY(ParseNumber<Number>(word, range));
          return {};
        });
  }

  // One of a few words; `choices` pairs each with its value.
  template <typename Value>
  CLI::Option* Choice(const std::string& name, Value* target,
                      const std::vector<std::pair<std::string, Value>>& choices,
                      const std::string& text) {
    std::vector<std::string> words;
    for (const auto& [word, value] : choices) words.push_back(word);
    CLI::Option* option = Parsed(
        name, Joined(words, "|"), text,
        [target, words, choices](const std::string& given) -> Result<void> {
          for (const auto& [word, value] : choices) {
            if (word != given) continue;
            *target = value;
            return {};
          }
          return Fail(
              ErrorCode::kInvalidArgument,
              fmt::format("unknown value \"{}\"; choose from {}", given, Joined(words, ", ")));
        });
    hints_->at(option) = {ValueHint::Kind::kChoice, std::move(words)};
    return option;
  }

  // For arguments without a name, and for hints that the kind of flag does not give.
  CLI::Option* Remember(CLI::Option* option, ValueHint hint) {
    if (!group_.empty()) option->group(group_);
    (*hints_)[option] = std::move(hint);
    return option;
  }

 private:
  static std::string Joined(const std::vector<std::string>& words, const std::string& between) {
    std::string joined;
    for (const std::string& word : words) joined += (joined.empty() ? "" : between) + word;
    return joined;
  }

  CLI::App* command_;
  ValueHints* hints_;
  std::string group_;
};

}  // namespace verbatim::app
