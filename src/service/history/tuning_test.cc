#include "history/tuning.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "store/settings.h"
#include "store/test_database.h"

namespace verbatim::history {
namespace {

class TuningTest : public ::testing::Test, protected store::TestDatabase {
 protected:
  TuningTest() { Restart(); }

  // Another run of the server, whose settings were remembered.
  void Restart(const std::string& batch = "0", const std::string& auto_tune = "true") {
    settings_ = std::make_unique<settings::Live>();
    reasons_.clear();
    settings_->RememberWith(
        [this](const std::vector<settings::SettingChange>&, std::string_view reason) {
          reasons_.emplace_back(reason);
          return Result<void>();
        });
    tuning_ = std::make_unique<Tuning>(
        TuningParts{*settings_, *database_, log_, [this] { return is_memory_short_; }});
    Change("batch", batch);
    Change("auto_tune", auto_tune);
    reasons_.clear();
  }
  void Change(const std::string& name, const std::string& value) {
    const std::vector<settings::NewValue> values = {{name, value}};
    ASSERT_TRUE(settings_->Change(values, "test"));
  }

  // Jobs of a minute of audio with what is set; 0 is a batch of 4. Larger batches are faster.
  void Run(int jobs) {
    for (int i = 0; i < jobs; ++i) {
      store::JobSample sample;
      sample.model = settings_->Current().model;
      sample.workers = 2;
      sample.batch = batch() > 0 ? static_cast<int>(batch()) : 4;
      sample.audio_s = 60;
      sample.worked_s = (sample.batch > 4 ? 1.0 : 1.2) + .01 * (i % 5);
      now_ms_ += 2000;
      sample.finished_ms = now_ms_;
      tuning_->OnSample(sample);
    }
  }
  void RunUntil(TunerState state) {
    for (int i = 0; i < 200 && tuning_->view().state != state; ++i) Run(1);
    ASSERT_EQ(tuning_->view().state, state);
  }
  int64_t batch() const { return settings_->Current().batch; }
  size_t tried() { return Read(store::TriedSettings).value().size(); }

  QuietLog log_;
  bool is_memory_short_ = false;
  int64_t now_ms_ = 1'700'000'000'000;
  std::vector<std::string> reasons_;
  std::unique_ptr<settings::Live> settings_;
  std::unique_ptr<Tuning> tuning_;
};

TEST_F(TuningTest, SwitchedOffItDoesNothing) {
  Restart("0", "false");
  Run(100);
  EXPECT_EQ(batch(), 0);
  EXPECT_FALSE(tuning_->view().is_on);
  EXPECT_TRUE(tuning_->view().outcomes.empty());
}

TEST_F(TuningTest, AGainIsSetWithItsReason) {
  RunUntil(TunerState::kTrying);
  for (int i = 0; i < 20 && batch() == 0; ++i) Run(1);
  EXPECT_EQ(batch(), 5);
  EXPECT_EQ(tried(), 1U);
  RunUntil(TunerState::kProving);
  EXPECT_EQ(batch(), 5);
  EXPECT_EQ(tried(), 0U);
  EXPECT_EQ(tuning_->view().outcomes.back().verdict, "adopted");
  EXPECT_FALSE(reasons_.empty());
  for (const std::string& reason : reasons_) EXPECT_EQ(reason, "auto_tune");
  RunUntil(TunerState::kResting);
  EXPECT_EQ(batch(), 5);
  EXPECT_EQ(tuning_->view().outcomes.back().verdict, "lasting");
}

TEST_F(TuningTest, SwitchedOffInTheMiddleItTakesBackWhatItTried) {
  for (int i = 0; i < 40 && batch() == 0; ++i) Run(1);
  ASSERT_EQ(batch(), 5);
  Change("auto_tune", "false");
  Run(1);
  EXPECT_EQ(batch(), 0);
  EXPECT_EQ(tried(), 0U);
}

TEST_F(TuningTest, ShortMemoryEndsATrial) {
  for (int i = 0; i < 40 && batch() == 0; ++i) Run(1);
  ASSERT_EQ(batch(), 5);
  is_memory_short_ = true;
  Run(1);
  EXPECT_EQ(batch(), 0);
  EXPECT_EQ(tuning_->view().outcomes.back().verdict, "stopped");
}

TEST_F(TuningTest, WhatSomebodyElseSetsStays) {
  for (int i = 0; i < 40 && batch() == 0; ++i) Run(1);
  ASSERT_EQ(batch(), 5);
  Change("batch", "7");
  EXPECT_EQ(batch(), 7);
  EXPECT_EQ(tuning_->view().state, TunerState::kResting);
  EXPECT_EQ(tried(), 0U);
  Run(1);
  EXPECT_EQ(batch(), 7);
}

TEST_F(TuningTest, ACrashInTheMiddleIsMadeGood) {
  for (int i = 0; i < 40 && batch() == 0; ++i) Run(1);
  ASSERT_EQ(tried(), 1U);
  Restart("5");
  tuning_->Recover();
  EXPECT_EQ(batch(), 0);
  EXPECT_EQ(tried(), 0U);
}

TEST_F(TuningTest, AnOrderlyEndTakesBackWhatIsTried) {
  for (int i = 0; i < 40 && batch() == 0; ++i) Run(1);
  tuning_->Stop();
  EXPECT_EQ(batch(), 0);
  EXPECT_EQ(tried(), 0U);
}

TEST_F(TuningTest, JobsOfOtherModelsAndOfTheChangeDoNotCount) {
  RunUntil(TunerState::kTrying);
  const auto jobs = [this] {
    const Comparison comparison = tuning_->view().attempt->comparison;
    return comparison.present + comparison.candidate;
  };
  const size_t before = jobs();
  store::JobSample sample;
  sample.model = "another";
  sample.workers = 2;
  sample.batch = 4;
  sample.audio_s = 60;
  sample.worked_s = 1;
  sample.finished_ms = now_ms_ + 5000;
  tuning_->OnSample(sample);
  EXPECT_EQ(jobs(), before);
  for (int i = 0; i < 20 && batch() == 0; ++i) Run(1);
  const size_t changed = jobs();
  sample.model = settings_->Current().model;
  sample.finished_ms = now_ms_ + 500;  // began before the change
  tuning_->OnSample(sample);
  EXPECT_EQ(jobs(), changed);
}

}  // namespace
}  // namespace verbatim::history
