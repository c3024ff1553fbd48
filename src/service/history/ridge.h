// Linear regression that learns one observation at a time and forgets old ones: ridge regression
// with weights that fall by a factor at each observation. What was never observed, or has been
// forgotten, costs nothing to leave at 0, so it stays there.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace verbatim::history {

struct RidgeOptions {
  // What remains of an observation's weight at the next one. 0.95: half of it after 13.5.
  double keep = 0.95;
};

class Ridge {
 public:
  // How much each coefficient is held at 0: as that many observations of 0 would. All above 0.
  explicit Ridge(std::vector<double> strengths, RidgeOptions options = {});

  // Takes an observation `y` at `x`, which has a number for each coefficient.
  void Add(std::span<const double> x, double y);

  // What `y` is to be expected at `x`.
  double Predict(std::span<const double> x) const;

 private:
  void Solve();

  const std::vector<double> strengths_;
  const RidgeOptions options_;
  std::vector<double> squares_;  // of observations, [coefficient, coefficient]
  std::vector<double> products_;
  std::vector<double> coefficients_;
};

}  // namespace verbatim::history
