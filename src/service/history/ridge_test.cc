#include "history/ridge.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

namespace verbatim::history {
namespace {

using Point = std::array<double, 3>;

TEST(RidgeTest, FindsALineAndForgetsIt) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> place(-2, 2);
  std::normal_distribution<double> noise(0, .01);
  Ridge ridge({.01, .01, .01});
  const auto learn = [&](const Point& truth) {
    for (int i = 0; i < 200; ++i) {
      const Point x = {1, place(random), place(random)};
      ridge.Add(x, truth[0] + truth[1] * x[1] + truth[2] * x[2] + noise(random));
    }
  };
  learn({1, -2, .5});
  EXPECT_NEAR(ridge.Predict(Point{1, 0, 0}), 1, .03);
  EXPECT_NEAR(ridge.Predict(Point{1, 1, 1}), -.5, .03);
  learn({3, 0, 0});
  EXPECT_NEAR(ridge.Predict(Point{1, 1, 1}), 3, .03);
}

TEST(RidgeTest, WithoutObservationsItSaysZero) {
  Ridge ridge({.1, .1});
  EXPECT_EQ(ridge.Predict(std::array{1.0, 5.0}), 0);
  ridge.Add(std::array{1.0, 0.0}, 10);
  EXPECT_NEAR(ridge.Predict(std::array{1.0, 0.0}), 10 / 1.1, 1e-9);
  EXPECT_EQ(ridge.Predict(std::array{0.0, 5.0}), 0) << "nothing is known of the second";
}

// A thousand equal observations make the matrix nearly singular but for the strengths.
TEST(RidgeTest, StaysSteadyOnTheSameObservation) {
  Ridge ridge({.1, .1, .1});
  for (int i = 0; i < 1000; ++i) ridge.Add(Point{1, 2, 3}, 4);
  EXPECT_NEAR(ridge.Predict(Point{1, 2, 3}), 4, .01);
  EXPECT_LT(std::abs(ridge.Predict(Point{0, 1, 0})), 2);
}

}  // namespace
}  // namespace verbatim::history
