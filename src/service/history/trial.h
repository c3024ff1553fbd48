// Two values of a setting, tried in turn on real jobs: blocks of jobs with the one and the other,
// A B B A A B B A, so that what gets slower or faster on its own by and by falls on both alike.
// Judged by the Mann-Whitney test on the logarithm of the speed: it asks for no distribution, and
// single jobs that took far too long do not decide. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace verbatim::history {

// The two sides.
enum class Arm : uint8_t { kPresent, kCandidate };

struct TrialOptions {
  int block_jobs = 4;      // in a row with the same value
  int blocks_min = 4;      // of each value, before the first verdict
  int blocks_max = 10;     // of each; who has not won by then has lost
  double gain_min = 0.03;  // that a candidate must bring
  // Chance that luck alone brings a verdict this clear. It may be asked for after each pair of
  // blocks, seven times in all, so 0.005 keeps the chance of a false gain below 1 in 28.
  double doubt_max = 0.005;
};

enum class Verdict : uint8_t { kOpen, kGain, kNoGain };

// What is known so far. A gain of 0.05: the candidate is 5 % faster.
struct Comparison {
  double gain = 0;     // of the medians
  double doubt = 1;    // the test's p, one-sided: that the candidate is no faster
  size_t present = 0;  // jobs with each
  size_t candidate = 0;
};

class Trial {
 public:
  explicit Trial(TrialOptions options = {}) : options_(options) {}

  // Which value the next job is to have.
  Arm arm() const;

  // Takes a job that ran with one of the values from its start to its end. Unit: seconds of audio
  // per second, above 0.
  void Add(Arm arm, double speed);

  Comparison comparison() const;
  Verdict verdict() const;

 private:
  const TrialOptions options_;
  int in_block_ = 0;             // jobs of the block's value in the block in hand
  int blocks_ = 0;               // that are over
  std::vector<double> present_;  // logarithms of speeds
  std::vector<double> candidate_;
};

// The probability of seeing `b` that much greater than `a` if both came from one source: the
// Mann-Whitney test, one-sided, by its normal approximation with corrections for ties and
// continuity. For 8 or more of each. Source: Mann and Whitney 1947; Hollander and Wolfe, 4.1.
double MannWhitneyDoubt(std::span<const double> a, std::span<const double> b);

}  // namespace verbatim::history
