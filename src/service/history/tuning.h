// Self-tuning at work: hands the jobs that ended to the AutoTuner and sets what it wishes, through
// settings::Live, with the reason "auto_tune". Only while the setting auto_tune is on and memory is
// not short; what somebody else sets stays. A value that was being tried when the server ended is
// taken back at the next start.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "history/auto_tuner.h"
#include "settings/live.h"
#include "store/database.h"
#include "store/job_samples.h"

namespace verbatim::history {

// All outlive it.
struct TuningParts {
  settings::Live& settings;
  store::Database& database;
  Log& log;
  std::function<bool()> is_memory_short;  // may be empty
  // With how many workers jobs like this one should be fastest; 0: nothing is known. May be empty.
  std::function<int(const store::JobSample&)> best_workers = {};
};

// Thread: any.
class Tuning {
 public:
  // Listens to the settings from now on. Before they are used by other threads.
  explicit Tuning(TuningParts parts, AutoTunerOptions options = {});

  // Takes back what an earlier run left. Once the settings are remembered.
  void Recover();

  // A job that has ended.
  void OnSample(const store::JobSample& sample);

  // Takes back what is being tried: at the end of the server.
  void Stop();

  struct View {
    bool is_on = false;
    TunerState state = TunerState::kResting;
    std::optional<AutoTuner::Attempt> attempt;
    std::vector<Outcome> outcomes;  // the newest last
  };
  View view() const;

 private:
  std::optional<Wish> Decide(const store::JobSample& sample);
  void Grant(const Wish& wish);
  void Set(const std::string& name, const std::string& value);
  void Settle();
  void OnChange(const std::vector<settings::SettingChange>& changes);
  void Forget();

  const TuningParts parts_;
  mutable Mutex mutex_;
  AutoTuner tuner_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> before_ GUARDED_BY(mutex_);  // of the trial, by setting
  std::string expected_ GUARDED_BY(mutex_);                       // the value that this sets now
  bool is_noted_ GUARDED_BY(mutex_) = false;   // the ledger knows what to take back
  int64_t changed_ms_ GUARDED_BY(mutex_) = 0;  // the end of the job after which it last did
};

}  // namespace verbatim::history
