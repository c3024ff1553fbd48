// The settings of a server that runs: as they were given at start, and what was changed since. A
// change is durable (where somebody remembers it), then it holds for all who read, then those are
// told who have to act. What counts at the next start: a change wins over default and file; flags
// and the environment, which whoever starts the server gives anew, win over it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/latest.h"
#include "base/mutex.h"
#include "settings/settings.h"

namespace verbatim::settings {

struct NewValue {
  std::string name;
  std::optional<std::string> value;          // as Assign takes it; none: as it was given at start
  std::optional<std::string> expected = {};  // changed only if it is this now, as of ValueText
};

struct SettingChange {
  std::string name;
  std::string before;  // as ValueText gives them
  std::string after;
  bool was_changed = false;            // `before` came from a change, too
  bool is_changed = true;              // false: `after` is what was given at start
  Origin given_by = Origin::kDefault;  // what the value of the start came from
};

// Whether the value of the start counts again at the next one, whatever was changed since.
bool IsGivenAnew(Origin origin);

// Thread: any.
class Live {
 public:
  using Remember = std::function<Result<void>(const std::vector<SettingChange>& changes,
                                              std::string_view reason)>;
  using Listener = std::function<void(const std::vector<SettingChange>& changes)>;
  using Check =
      std::function<Result<void>(const Settings& next, const std::vector<SettingChange>& changes)>;

  explicit Live(Loaded start = {});

  // What holds now.
  Settings Current() const;
  // With the origin of each. Waits for a change that is being made.
  Loaded All() const;

  // Changes all of them, or none, and says which really changed. `reason` is kept with them: who
  // asked, or why. Errors: kInvalidArgument (no such setting, a wrong value), kConflict (one that
  // can't change while the server runs, or is not as expected), those of what checks and remembers.
  Result<std::vector<SettingChange>> Change(std::span<const NewValue> values,
                                            std::string_view reason);

  // Takes up changes of earlier runs, as names and values. Returns a sentence for each that does
  // not count now.
  std::vector<std::string> Restore(const std::vector<std::pair<std::string, std::string>>& changed);

  // Asked first whether the server can do with what its settings would be. Set once, before use.
  void CheckWith(Check check);

  // Where changes are written down before they hold. Set once, before use.
  void RememberWith(Remember remember);

  // Told of each change, in order, before Change returns. It may read Current(). Set before use.
  void OnChange(Listener listener);

 private:
  using Values = std::map<std::string_view, std::string>;  // by name

  Origin OriginAtStart(const Definition& definition) const;
  Result<std::optional<SettingChange>> Apply(const NewValue& value, Loaded& loaded,
                                             Values& changed) const;

  const Loaded start_;
  mutable Mutex turn_;  // one change at a time
  Check check_ GUARDED_BY(turn_);
  Remember remember_ GUARDED_BY(turn_);
  std::vector<Listener> listeners_ GUARDED_BY(turn_);
  Values changed_ GUARDED_BY(turn_);  // also what does not count now
  Latest<Loaded> now_;
};

}  // namespace verbatim::settings
