// Fits settings to the machine by trying: in turn, each setting's neighbouring values, or the
// workers that were predicted to be best, are compared with the present one on real jobs (Trial);
// one that is clearly faster is adopted. After a while
// it is compared with the old value again, and given up unless it still gains. Pure: it is told of
// jobs and says what to set.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "history/trial.h"

namespace verbatim::history {

struct AutoTunerOptions {
  TrialOptions trial = {};
  int rest_jobs = 8;     // between two trials
  int proof_jobs = 24;   // with an adopted value, before it is tried against the old one again
  int value_max = 64;    // what the engine takes
  int strange_max = 24;  // jobs in a row with neither value, before a trial is given up
  size_t outcomes_kept = 20;
};

enum class TunerState : uint8_t { kResting, kTrying, kProving, kTryingAgain };
// "resting", "trying", "proving", "trying_again".
std::string_view TunerStateName(TunerState state);

// A job that has ended, with the values that it had from its start to its end.
struct TunedJob {
  int workers = 0;
  int batch = 0;
  double speed = 0;           // seconds of audio per second
  int predicted_workers = 0;  // that jobs like it should be fastest with; 0: nothing is known
};

// What is to be set.
struct Wish {
  std::string setting;
  std::optional<int> value;  // none: as it was before the tuner touched it
};

// How a trial went.
struct Outcome {
  std::string setting;
  int before = 0;
  int after = 0;
  std::string verdict;  // "adopted", "no gain", "lasting", "rolled back", "stopped"
  Comparison comparison;
};

// Thread: one at a time.
class AutoTuner {
 public:
  explicit AutoTuner(AutoTunerOptions options = {}) : options_(options) {}

  // Takes a job; says what is to be set before the next one, if anything.
  std::optional<Wish> OnJob(const TunedJob& job);

  // Ends what is being tried, for instance because memory is short or somebody changed the setting.
  // A value that is being tried is taken back; one that is adopted stays.
  std::optional<Wish> Stop();

  TunerState state() const { return state_; }
  // While something is tried or proved.
  struct Attempt {
    std::string setting;
    int present = 0;
    int candidate = 0;
    Comparison comparison;
  };
  std::optional<Attempt> attempt() const;
  // The newest last.
  const std::deque<Outcome>& outcomes() const { return outcomes_; }

 private:
  std::optional<Wish> Begin(const TunedJob& job);
  std::optional<Wish> Continue(const TunedJob& job);
  std::optional<Wish> Conclude(Verdict verdict);
  // The wish that brings the arm about; none if it is so already.
  std::optional<Wish> Use(Arm arm);
  void Note(std::string_view verdict);
  void Rest();
  int ValueOf(const TunedJob& job) const { return setting_ == "batch" ? job.batch : job.workers; }

  const AutoTunerOptions options_;
  TunerState state_ = TunerState::kResting;
  int waited_ = 0;   // jobs in this state
  int strange_ = 0;  // jobs in a row with neither value
  size_t next_ = 0;  // which neighbour is tried next
  std::string setting_;
  int present_ = 0;    // before the trial
  int candidate_ = 0;  // its neighbour
  Arm used_ = Arm::kPresent;
  std::optional<Trial> trial_;
  std::deque<Outcome> outcomes_;
};

}  // namespace verbatim::history
