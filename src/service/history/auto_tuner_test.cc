// Simulated machines. Each case runs with many seeds, as a test of chances must: luck may win now
// and then, not often. A failure names the seeds.
#include "history/auto_tuner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>

namespace verbatim::history {
namespace {

constexpr unsigned kSeeds = 60;

// Times real time, for workers and batch.
using Speed = std::function<double(int workers, int batch)>;

class Simulation {
 public:
  explicit Simulation(unsigned seed) : random_(seed) {}

  // Each job runs with what is set; every tenth takes much longer for no reason that can be known.
  void Run(int jobs, const Speed& speed) {
    std::normal_distribution<double> noise(0, .05);
    std::uniform_int_distribution<int> one_in_ten(0, 9);
    for (int i = 0; i < jobs; ++i) {
      TunedJob job{workers, batch, 0, predicted_workers};
      job.speed = speed(workers, batch) * std::exp(noise(random_));
      if (one_in_ten(random_) == 0) job.speed /= 3;
      Obey(tuner.OnJob(job));
    }
  }
  // Until the tuner is in a state, or `jobs` have run.
  void RunTo(TunerState state, int jobs, const Speed& speed) {
    while (tuner.state() != state && jobs-- > 0) Run(1, speed);
  }

  // "As before" is what was set when the trial began.
  void Obey(const std::optional<Wish>& wish) {
    if (wish) {
      ++changes;
      int& value = wish->setting == "batch" ? batch : workers;
      if (!before_) before_ = value;
      value = wish->value.value_or(*before_);
    }
    if (tuner.state() == TunerState::kResting) before_.reset();
  }

  bool Has(std::string_view verdict) const {
    for (const Outcome& outcome : tuner.outcomes()) {
      if (outcome.verdict == verdict) return true;
    }
    return false;
  }

  AutoTuner tuner;
  int workers = 4;
  int batch = 4;
  int changes = 0;
  int predicted_workers = 0;

 private:
  std::mt19937 random_;
  std::optional<int> before_;
};

// In how many of kSeeds simulations something holds; the seeds are told where it does not.
unsigned CountThat(const std::function<bool(Simulation&)>& holds) {
  unsigned count = 0;
  std::string others;
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    Simulation simulation(seed);
    if (holds(simulation)) {
      ++count;
    } else {
      others += " " + std::to_string(seed);
    }
  }
  ::testing::Test::RecordProperty("seeds_without", others);
  return count;
}

TEST(AutoTunerTest, AGainIsAdoptedAndLasts) {
  const unsigned found = CountThat([](Simulation& simulation) {
    simulation.Run(250, [](int, int batch) { return batch == 5 ? 60.0 : 50.0; });
    simulation.Obey(simulation.tuner.Stop());
    return simulation.Has("lasting") && simulation.batch == 5;
  });
  EXPECT_GE(found, kSeeds * 9 / 10);
}

TEST(AutoTunerTest, WhatWasFoundIsTold) {
  Simulation simulation(1);
  simulation.RunTo(TunerState::kProving, 200,
                   [](int, int batch) { return batch == 5 ? 65. : 50.; });
  ASSERT_EQ(simulation.tuner.outcomes().size(), 1U);
  const Outcome& outcome = simulation.tuner.outcomes()[0];
  EXPECT_EQ(outcome.verdict, "adopted");
  EXPECT_EQ(outcome.setting, "batch");
  EXPECT_EQ(outcome.before, 4);
  EXPECT_EQ(outcome.after, 5);
  EXPECT_NEAR(outcome.comparison.gain, .3, .1);
  EXPECT_LE(outcome.comparison.doubt, .005);
  EXPECT_EQ(simulation.batch, 5);
}

TEST(AutoTunerTest, WithoutAGainNothingStays) {
  const unsigned fooled = CountThat([](Simulation& simulation) {
    simulation.Run(400, [](int, int) { return 50.0; });
    EXPECT_GT(simulation.changes, 4) << "it did try";
    EXPECT_TRUE(simulation.Has("no gain"));
    return simulation.Has("lasting");
  });
  EXPECT_LE(fooled, kSeeds / 20);
}

TEST(AutoTunerTest, AGainThatIsTooSmallIsNone) {
  const unsigned fooled = CountThat([](Simulation& simulation) {
    simulation.Run(400, [](int, int batch) { return batch == 5 ? 50.5 : 50.0; });
    return simulation.Has("lasting");
  });
  EXPECT_LE(fooled, kSeeds / 10);
}

TEST(AutoTunerTest, AGainThatVanishesIsRolledBack) {
  const unsigned taken_back = CountThat([](Simulation& simulation) {
    simulation.RunTo(TunerState::kProving, 200,
                     [](int, int batch) { return batch == 5 ? 65. : 50.; });
    if (simulation.batch != 5) return false;
    simulation.RunTo(TunerState::kResting, 200,
                     [](int, int batch) { return batch == 5 ? 45. : 50.; });
    return simulation.batch == 4 && simulation.tuner.outcomes().back().verdict == "rolled back";
  });
  EXPECT_GE(taken_back, kSeeds * 9 / 10);
}

// Past neighbours that gain nothing.
TEST(AutoTunerTest, TheWorkersThatWerePredictedAreTriedAtOnce) {
  const unsigned found = CountThat([](Simulation& simulation) {
    simulation.predicted_workers = 12;
    simulation.Run(400, [](int workers, int) { return workers == 12 ? 70.0 : 50.0; });
    simulation.Obey(simulation.tuner.Stop());
    return simulation.Has("lasting") && simulation.workers == 12;
  });
  EXPECT_GE(found, kSeeds * 9 / 10);
}

TEST(AutoTunerTest, APredictionAloneChangesNothing) {
  const unsigned fooled = CountThat([](Simulation& simulation) {
    simulation.predicted_workers = 12;
    simulation.Run(400, [](int workers, int) { return workers == 12 ? 40.0 : 50.0; });
    simulation.Obey(simulation.tuner.Stop());
    return simulation.workers == 12;
  });
  EXPECT_LE(fooled, kSeeds / 20);
}

// The machine gets slower and slower, whatever is set: that falls on both values alike.
TEST(AutoTunerTest, DriftIsNoGain) {
  const unsigned fooled = CountThat([](Simulation& simulation) {
    int job = 0;
    simulation.Run(400, [&job](int, int) { return 80.0 * std::exp(-.003 * ++job); });
    return simulation.Has("lasting");
  });
  EXPECT_LE(fooled, kSeeds / 20);
}

TEST(AutoTunerTest, StoppedItTakesBackWhatItTried) {
  Simulation simulation(1);
  const Speed same = [](int, int) { return 50.0; };
  for (int jobs = 0; simulation.batch == 4 && jobs < 100; ++jobs) simulation.Run(1, same);
  ASSERT_EQ(simulation.batch, 5);
  ASSERT_TRUE(simulation.tuner.attempt());
  EXPECT_EQ(simulation.tuner.attempt()->candidate, 5);
  simulation.Obey(simulation.tuner.Stop());
  EXPECT_EQ(simulation.batch, 4);
  EXPECT_EQ(simulation.tuner.state(), TunerState::kResting);
  EXPECT_EQ(simulation.tuner.outcomes().back().verdict, "stopped");
  EXPECT_FALSE(simulation.tuner.Stop());
  EXPECT_FALSE(simulation.tuner.attempt());
}

TEST(AutoTunerTest, ATrialWhoseValuesNobodyUsesIsGivenUp) {
  AutoTuner tuner;
  for (int i = 0; i < 10; ++i) tuner.OnJob({4, 4, 50});
  ASSERT_EQ(tuner.state(), TunerState::kTrying);
  for (int i = 0; i < 40 && tuner.state() == TunerState::kTrying; ++i) tuner.OnJob({4, 17, 50});
  EXPECT_EQ(tuner.outcomes().back().verdict, "stopped");
}

TEST(AutoTunerTest, ValuesStayWithinWhatTheEngineTakes) {
  AutoTuner tuner({.rest_jobs = 1, .value_max = 4});
  int tried = 0;
  for (int i = 0; i < 500; ++i) {
    const std::optional<Wish> wish = tuner.OnJob({1, 4, 50});
    if (!wish || !wish->value) continue;
    ++tried;
    EXPECT_GE(*wish->value, 1);
    EXPECT_LE(*wish->value, 4);
  }
  EXPECT_GT(tried, 0);
}

}  // namespace
}  // namespace verbatim::history
