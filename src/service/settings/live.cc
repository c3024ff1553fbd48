#include "settings/live.h"

#include <fmt/format.h>

#include <utility>

namespace verbatim::settings {
namespace {

Result<const Definition*> FindLive(const std::string& name) {
  const Definition* definition = FindDefinition(name);
  if (definition == nullptr) return Fail(ErrorCode::kInvalidArgument, UnknownText(name));
  if (definition->is_live) return definition;
  return Fail(ErrorCode::kConflict,
              fmt::format("{} can't change while the server runs: set it in the file or by a flag, "
                          "and start the server again",
                          name));
}

}  // namespace

bool IsGivenAnew(Origin origin) {
  return origin == Origin::kEnvironment || origin == Origin::kFlag;
}

Live::Live(Loaded start) : start_(std::move(start)), now_(start_) {}

Settings Live::Current() const { return now_.Get().settings; }

Loaded Live::All() const {
  const MutexLock turn(turn_);
  return now_.Get();
}

Result<std::vector<SettingChange>> Live::Change(std::span<const NewValue> values,
                                                std::string_view reason) {
  const MutexLock turn(turn_);
  Loaded next = now_.Get();
  Values changed = changed_;
  std::vector<SettingChange> changes;
  for (const NewValue& value : values) {
    if (auto change = TRY(Apply(value, next, changed))) changes.push_back(*std::move(change));
  }
  if (changes.empty()) return changes;
  if (check_) TRY_VOID(check_(next.settings, changes));
  if (remember_) TRY_VOID(remember_(changes, reason));
  changed_ = std::move(changed);
  now_.Set(std::move(next));
  for (const Listener& listener : listeners_) listener(changes);
  return changes;
}

Result<std::optional<SettingChange>> Live::Apply(const NewValue& value, Loaded& loaded,
                                                 Values& changed) const {
  const Definition& definition = *TRY(FindLive(value.name));
  SettingChange change;
  change.name = value.name;
  change.before = ValueText(loaded.settings, definition);
  if (value.expected && *value.expected != change.before) {
    return Fail(ErrorCode::kConflict, fmt::format("{} is {} meanwhile", value.name, change.before));
  }
  change.was_changed = loaded.origins[definition.name] == Origin::kChanged;
  change.is_changed = value.value.has_value();
  change.given_by = OriginAtStart(definition);
  const std::string given = ValueText(start_.settings, definition);
  TRY_VOID(Assign(loaded.settings, definition, value.value.value_or(given)));
  change.after = ValueText(loaded.settings, definition);

  const auto known = changed.find(definition.name);
  const bool is_known = known != changed.end();
  const bool is_same = change.is_changed ? !is_known || known->second == change.after : !is_known;
  if (is_same && change.after == change.before) return std::nullopt;
  if (change.is_changed) {
    changed[definition.name] = change.after;
    loaded.origins[definition.name] = Origin::kChanged;
  } else {
    changed.erase(definition.name);
    loaded.origins[definition.name] = change.given_by;
  }
  return change;
}

Origin Live::OriginAtStart(const Definition& definition) const {
  const auto origin = start_.origins.find(definition.name);
  return origin == start_.origins.end() ? Origin::kDefault : origin->second;
}

std::vector<std::string> Live::Restore(
    const std::vector<std::pair<std::string, std::string>>& changed) {
  std::vector<std::string> passed_over;
  const MutexLock turn(turn_);
  Loaded next = now_.Get();
  for (const auto& [name, value] : changed) {
    const Result<const Definition*> definition = FindLive(name);
    if (!definition) {
      passed_over.push_back(definition.error().message);
      continue;
    }
    const std::string_view known = (*definition)->name;
    changed_[known] = value;
    Origin& origin = next.origins[known];
    if (IsGivenAnew(origin)) {
      passed_over.push_back(
          fmt::format("{} was changed to {} in an earlier run, but its {} says {}", name, value,
                      OriginName(origin), ValueText(next.settings, **definition)));
      continue;
    }
    const Result<void> assigned = Assign(next.settings, **definition, value);
    if (!assigned) passed_over.push_back(assigned.error().message);
    if (assigned) origin = Origin::kChanged;
  }
  now_.Set(std::move(next));
  return passed_over;
}

void Live::CheckWith(Check check) {
  const MutexLock turn(turn_);
  check_ = std::move(check);
}

void Live::RememberWith(Remember remember) {
  const MutexLock turn(turn_);
  remember_ = std::move(remember);
}

void Live::OnChange(Listener listener) {
  const MutexLock turn(turn_);
  listeners_.push_back(std::move(listener));
}

}  // namespace verbatim::settings
