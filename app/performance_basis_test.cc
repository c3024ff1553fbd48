#include "performance_basis.h"

#include <gtest/gtest.h>

namespace verbatim::app {
namespace {

settings::Loaded LoadedWith(int64_t workers, int64_t threads) {
  settings::Loaded loaded;
  loaded.settings.data_dir = "/data";
  loaded.settings.workers = workers;
  loaded.settings.threads = threads;
  return loaded;
}

CalibrationEntry Measured(int workers, int threads) {
  CalibrationEntry entry;
  entry.chosen.workers = workers;
  entry.chosen.threads = threads;
  return entry;
}

performance::Basis BasisOf(const settings::Live& settings,
                           const std::optional<CalibrationEntry>& calibration) {
  return MakeBasis(settings, MakeModelBasis(settings.Current(), "", calibration));
}

TEST(PerformanceBasisTest, WhatTheSettingsSayIsTaken) {
  const settings::Live settings(LoadedWith(5, 0));
  const performance::Basis basis = BasisOf(settings, std::nullopt);
  EXPECT_EQ(ChooseWorkers(basis, 3), 5);
  EXPECT_EQ(basis.folder, "/data");
  EXPECT_FALSE(basis.model->Get().is_calibrated);
}

TEST(PerformanceBasisTest, TheOptimumIsTakenWhereTheyLeaveItOpen) {
  const settings::Live settings(LoadedWith(0, 0));
  EXPECT_EQ(ChooseWorkers(BasisOf(settings, std::nullopt), 3), 3);
}

TEST(PerformanceBasisTest, WhatTheySayMayChange) {
  settings::Live settings(LoadedWith(0, 0));
  const performance::Basis basis = BasisOf(settings, std::nullopt);
  const settings::NewValue seven[] = {{"workers", "7"}};
  ASSERT_TRUE(settings.Change(seven, "test"));
  EXPECT_EQ(ChooseWorkers(basis, 3), 7);
}

TEST(PerformanceBasisTest, WhatWasMeasuredIsLeftToTheEngineWhereItIsTheOptimum) {
  const settings::Live settings(LoadedWith(0, 0));
  const performance::Basis basis = BasisOf(settings, Measured(4, 2));
  EXPECT_TRUE(basis.model->Get().is_calibrated);
  EXPECT_EQ(basis.model->Get().cost.measured_best, 4);
  EXPECT_EQ(basis.model->Get().cost.threads, 2);
  EXPECT_EQ(ChooseWorkers(basis, 4), 0);
  EXPECT_EQ(ChooseWorkers(basis, 2), 2);  // there is less memory now
}

TEST(PerformanceBasisTest, ThreadsThatAreSetCountAndNotTheMeasuredOnes) {
  const settings::Live settings(LoadedWith(0, 3));
  const performance::Basis basis = BasisOf(settings, Measured(4, 2));
  EXPECT_EQ(basis.model->Get().cost.threads, 3);
  EXPECT_EQ(basis.model->Get().cost.measured_best, 0);
}

TEST(PerformanceBasisTest, TheCurveIsTaken) {
  CalibrationEntry entry = Measured(2, 4);
  entry.curve = {{1, 8, 6.5, 200'000'000}, {8, 1, 12, 620'000'000}};
  const settings::Live open(LoadedWith(0, 0));
  const performance::WorkerCost cost = MakeModelBasis(open.Current(), "", entry).cost;
  EXPECT_EQ(cost.bytes, 60'000'000U);
  EXPECT_EQ(cost.shared_bytes, 140'000'000U);
  EXPECT_TRUE(cost.is_measured);
  EXPECT_EQ(performance::SpeedOf(cost.curve, 8), 12);
  EXPECT_EQ(cost.threads, 1);  // those of fewer workers are counted in the curve
  const settings::Live set(LoadedWith(0, 3));
  EXPECT_TRUE(MakeModelBasis(set.Current(), "", entry).cost.curve.empty());
}

}  // namespace
}  // namespace verbatim::app
