#include "history/auto_tuner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace verbatim::history {
namespace {

// A neighbour of a setting's value. Batches differ by a quarter, workers by one.
struct Neighbour {
  std::string_view setting;
  int direction = 1;
};
constexpr std::array kNeighbours = {Neighbour{"batch", 1}, Neighbour{"batch", -1},
                                    Neighbour{"workers", 1}, Neighbour{"workers", -1}};

constexpr int kBatchSteps = 4;

// The way to what was predicted is taken at once.
int CandidateOf(const Neighbour& neighbour, int present, int predicted_workers) {
  const int ahead = predicted_workers - present;
  const bool is_known = neighbour.setting == "workers" && predicted_workers > 0;
  if (is_known && ahead * neighbour.direction > 0) return predicted_workers;
  const int step = neighbour.setting == "batch" ? std::max(present / kBatchSteps, 1) : 1;
  return present + neighbour.direction * step;
}

// Half of what it had to bring is enough to stay, if luck alone would not often bring that.
constexpr double kLastingShare = 0.5;
constexpr double kLastingDoubt = 0.05;

bool IsLasting(const Comparison& found, const TrialOptions& options) {
  return found.gain >= kLastingShare * options.gain_min && found.doubt <= kLastingDoubt;
}

}  // namespace

std::string_view TunerStateName(TunerState state) {
  switch (state) {
    case TunerState::kResting: return "resting";
    case TunerState::kTrying: return "trying";
    case TunerState::kProving: return "proving";
    case TunerState::kTryingAgain: break;
  }
  return "trying_again";
}

std::optional<Wish> AutoTuner::OnJob(const TunedJob& job) {
  switch (state_) {
    case TunerState::kResting: return ++waited_ < options_.rest_jobs ? std::nullopt : Begin(job);
    case TunerState::kProving: {
      if (++waited_ < options_.proof_jobs) return std::nullopt;
      state_ = TunerState::kTryingAgain;
      strange_ = 0;
      trial_.emplace(options_.trial);
      return Use(trial_->arm());
    }
    case TunerState::kTrying:
    case TunerState::kTryingAgain: break;
  }
  return Continue(job);
}

std::optional<Wish> AutoTuner::Begin(const TunedJob& job) {
  const Neighbour& neighbour = kNeighbours[next_++ % kNeighbours.size()];
  setting_ = neighbour.setting;
  present_ = ValueOf(job);
  candidate_ = CandidateOf(neighbour, present_, job.predicted_workers);
  waited_ = 0;
  if (present_ < 1 || candidate_ < 1 || candidate_ > options_.value_max) return std::nullopt;
  state_ = TunerState::kTrying;
  strange_ = 0;
  used_ = Arm::kPresent;
  trial_.emplace(options_.trial);
  return Use(trial_->arm());
}

std::optional<Wish> AutoTuner::Use(Arm arm) {
  if (arm == used_) return std::nullopt;
  used_ = arm;
  if (arm == Arm::kPresent) return Wish{setting_, std::nullopt};
  return Wish{setting_, candidate_};
}

std::optional<Wish> AutoTuner::Continue(const TunedJob& job) {
  const int value = ValueOf(job);
  if (value != present_ && value != candidate_) {
    return ++strange_ > options_.strange_max ? Stop() : std::nullopt;
  }
  strange_ = 0;
  trial_->Add(value == present_ ? Arm::kPresent : Arm::kCandidate, job.speed);
  const Verdict verdict = trial_->verdict();
  if (verdict != Verdict::kOpen) return Conclude(verdict);
  // Once it is adopted, a few blocks tell whether it still gains.
  const Comparison found = trial_->comparison();
  const size_t enough = static_cast<size_t>(options_.trial.blocks_min * options_.trial.block_jobs);
  const bool is_known = found.present >= enough && found.candidate >= enough;
  if (state_ == TunerState::kTryingAgain && is_known) return Conclude(verdict);
  return Use(trial_->arm());
}

std::optional<Wish> AutoTuner::Conclude(Verdict verdict) {
  if (state_ == TunerState::kTrying && verdict == Verdict::kGain) {
    Note("adopted");
    state_ = TunerState::kProving;
    waited_ = 0;
    return Use(Arm::kCandidate);
  }
  if (state_ == TunerState::kTryingAgain && IsLasting(trial_->comparison(), options_.trial)) {
    Note("lasting");
    std::optional<Wish> wish = Use(Arm::kCandidate);
    Rest();
    return wish;
  }
  Note(state_ == TunerState::kTrying ? "no gain" : "rolled back");
  std::optional<Wish> wish = Use(Arm::kPresent);
  Rest();
  return wish;
}

std::optional<Wish> AutoTuner::Stop() {
  if (state_ == TunerState::kResting) return std::nullopt;
  const bool is_adopted = state_ != TunerState::kTrying;
  Note("stopped");
  std::optional<Wish> wish = Use(is_adopted ? Arm::kCandidate : Arm::kPresent);
  Rest();
  return wish;
}

void AutoTuner::Rest() {
  state_ = TunerState::kResting;
  waited_ = 0;
  trial_.reset();
}

void AutoTuner::Note(std::string_view verdict) {
  outcomes_.push_back({setting_, present_, candidate_, std::string(verdict),
                       trial_ ? trial_->comparison() : Comparison{}});
  if (outcomes_.size() > options_.outcomes_kept) outcomes_.pop_front();
}

std::optional<AutoTuner::Attempt> AutoTuner::attempt() const {
  if (state_ == TunerState::kResting) return std::nullopt;
  return Attempt{setting_, present_, candidate_, trial_ ? trial_->comparison() : Comparison{}};
}

}  // namespace verbatim::history
