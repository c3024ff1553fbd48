#include "history/trial.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace verbatim::history {
namespace {

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

double MannWhitneyDoubt(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return 1;
  const auto count_a = static_cast<double>(a.size());
  const auto count_b = static_cast<double>(b.size());
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end());
  double ties = 0;
  for (auto from = all.begin(); from != all.end();) {
    const auto to = std::upper_bound(from, all.end(), *from);
    const auto same = static_cast<double>(to - from);
    ties += same * same * same - same;
    from = to;
  }
  double wins = 0;  // of b over a
  for (const double one : a) {
    for (const double other : b) wins += other > one ? 1 : other == one ? 0.5 : 0;
  }
  const double count = count_a + count_b;
  const double variance =
      count_a * count_b / 12 * (count + 1 - ties / (count * std::max(count - 1, 1.0)));
  if (variance <= 0) return 1;  // all are the same
  const double above = wins - count_a * count_b / 2 - 0.5;
  return 0.5 * std::erfc(above / std::sqrt(2 * variance));
}

Arm Trial::arm() const {
  constexpr int kPattern = 4;  // A B B A
  const int at = blocks_ % kPattern;
  return at == 1 || at == 2 ? Arm::kCandidate : Arm::kPresent;
}

void Trial::Add(Arm arm, double speed) {
  if (!(speed > 0) || !std::isfinite(speed)) return;
  const bool is_of_block = arm == this->arm();
  (arm == Arm::kPresent ? present_ : candidate_).push_back(std::log(speed));
  if (!is_of_block || ++in_block_ < options_.block_jobs) return;
  in_block_ = 0;
  ++blocks_;
}

Comparison Trial::comparison() const {
  return {.gain = std::exp(Median(candidate_) - Median(present_)) - 1,
          .doubt = MannWhitneyDoubt(present_, candidate_),
          .present = present_.size(),
          .candidate = candidate_.size()};
}

Verdict Trial::verdict() const {
  if (in_block_ > 0 || blocks_ % 2 == 1 || blocks_ < 2 * options_.blocks_min) return Verdict::kOpen;
  const Comparison found = comparison();
  if (found.gain >= options_.gain_min && found.doubt <= options_.doubt_max) return Verdict::kGain;
  // Where the candidate is slower so far, jobs are too dear to go on with it.
  const bool is_over = blocks_ >= 2 * options_.blocks_max || found.gain <= 0;
  return is_over ? Verdict::kNoGain : Verdict::kOpen;
}

}  // namespace verbatim::history
