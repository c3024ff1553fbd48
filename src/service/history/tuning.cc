#include "history/tuning.h"

#include <algorithm>
#include <array>
#include <utility>

#include "store/settings.h"

namespace verbatim::history {
namespace {

using store::Connection;

constexpr std::string_view kReason = "auto_tune";

std::string ValueOf(const settings::Settings& settings, const std::string& name) {
  const settings::Definition* definition = settings::FindDefinition(name);
  return definition == nullptr ? "" : settings::ValueText(settings, *definition);
}

// When it began, by the clock that also told its end.
int64_t BeginOf(const store::JobSample& sample) {
  return sample.finished_ms - static_cast<int64_t>(sample.worked_s * 1000);
}

}  // namespace

Tuning::Tuning(TuningParts parts, AutoTunerOptions options)
    : parts_(std::move(parts)), tuner_(options) {
  parts_.settings.OnChange(
      [this](const std::vector<settings::SettingChange>& changes) { OnChange(changes); });
}

void Tuning::Recover() {
  const auto tried =
      parts_.database.Read([](Connection& connection) { return store::TriedSettings(connection); });
  if (!tried || tried->empty()) return;
  for (const store::TriedSetting& setting : *tried) {
    parts_.log.Warning("auto_tune: {} was being tried when the server ended; it is {} again",
                       setting.name, setting.before);
    Set(setting.name, setting.before);
  }
  Forget();
}

void Tuning::OnSample(const store::JobSample& sample) {
  const std::optional<Wish> wish = Decide(sample);
  if (wish) Grant(*wish);
  Settle();
}

// What is no longer tried need not be taken back.
void Tuning::Settle() {
  bool is_over = false;
  {
    const MutexLock lock(mutex_);
    if (tuner_.state() == TunerState::kResting) before_.clear();
    is_over = is_noted_ && tuner_.state() != TunerState::kTrying;
    if (is_over) is_noted_ = false;
  }
  if (is_over) Forget();
}

std::optional<Wish> Tuning::Decide(const store::JobSample& sample) {
  const settings::Settings now = parts_.settings.Current();
  const bool is_short = parts_.is_memory_short && parts_.is_memory_short();
  const int best_workers = parts_.best_workers ? parts_.best_workers(sample) : 0;
  const MutexLock lock(mutex_);
  if (!now.auto_tune || is_short) return tuner_.Stop();
  // One model's jobs alone can be compared, and those that ran with one value to their end.
  if (sample.model != now.model || BeginOf(sample) < changed_ms_) return std::nullopt;
  const std::optional<Wish> wish =
      tuner_.OnJob({sample.workers, sample.batch, sample.audio_s / sample.worked_s, best_workers});
  if (wish) changed_ms_ = sample.finished_ms;
  return wish;
}

void Tuning::Stop() {
  std::optional<Wish> wish;
  {
    const MutexLock lock(mutex_);
    wish = tuner_.Stop();
  }
  if (wish) Grant(*wish);
  Settle();
}

void Tuning::Grant(const Wish& wish) {
  std::string before = ValueOf(parts_.settings.Current(), wish.setting);
  bool is_to_note = true;
  {
    const MutexLock lock(mutex_);
    before = before_.emplace(wish.setting, before).first->second;
    is_to_note = wish.value && tuner_.state() == TunerState::kTrying && !is_noted_;
  }
  if (is_to_note) {
    const Result<void> noted = parts_.database.Write([&](Connection& connection) {
      return store::PutTriedSetting(connection, {wish.setting, before});
    });
    if (!noted) return;  // what cannot be taken back for sure is not tried
    const MutexLock lock(mutex_);
    is_noted_ = true;
  }
  Set(wish.setting, wish.value ? std::to_string(*wish.value) : before);
}

void Tuning::Set(const std::string& name, const std::string& value) {
  {
    const MutexLock lock(mutex_);
    expected_ = value;
  }
  const std::array values = {settings::NewValue{name, value}};
  const auto changed = parts_.settings.Change(values, kReason);
  if (changed) return;
  parts_.log.Warning("auto_tune: {} can't be set to {}: {}", name, value, changed.error().message);
}

// Somebody else has set what is being tried: that counts, and the trial is over.
void Tuning::OnChange(const std::vector<settings::SettingChange>& changes) {
  {
    const MutexLock lock(mutex_);
    const std::optional<AutoTuner::Attempt> attempt = tuner_.attempt();
    for (const settings::SettingChange& change : changes) {
      const bool is_tried = attempt && change.name == attempt->setting;
      if (is_tried && change.after != expected_) tuner_.Stop();
    }
  }
  Settle();
}

void Tuning::Forget() {
  const Result<void> forgotten = parts_.database.Write(
      [](Connection& connection) { return store::ClearTriedSettings(connection); });
  if (!forgotten) parts_.log.Warning("auto_tune: {}", forgotten.error().message);
}

Tuning::View Tuning::view() const {
  const bool is_on = parts_.settings.Current().auto_tune;
  const MutexLock lock(mutex_);
  return {is_on,
          tuner_.state(),
          tuner_.attempt(),
          {tuner_.outcomes().begin(), tuner_.outcomes().end()}};
}

}  // namespace verbatim::history
