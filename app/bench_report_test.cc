#include "bench_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <limits>

namespace verbatim::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

measure::BenchReport Example() {
  measure::BenchReport report;
  report.shape = {.workers = 1, .threads = 2, .batch = 8};
  report.instruction_set = "avx2";
  report.threads = 2;
  report.audio_seconds = 120;
  report.seconds = {5, 4};
  report.stages = {{.name = "encoder attention",
                    .calls = 7,
                    .seconds = 9,
                    .operations = 9e11,
                    .bytes = 18e9,
                    .share_of_limit = 0.5,
                    .limit = "f32 products",
                    .is_waiting = false},
                   {.name = "waiting for threads",
                    .calls = 0,
                    .seconds = 1.8,
                    .operations = 0,
                    .bytes = 0,
                    .share_of_limit = 0,
                    .limit = "",
                    .is_waiting = true}};
  report.encoder = report.decoder = report.all = report.stages[0];
  return report;
}

// Nine seconds of two threads over rounds of nine seconds, four minutes of sound.
TEST(BenchReportTest, TableHasSharesAndRates) {
  const std::string text = BenchText("base", Example());
  EXPECT_THAT(text, HasSubstr("120.0 s of sound in 4.00 s: 30.0 x real time"));
  EXPECT_THAT(text, HasSubstr("encoder attention            50.0 %   2250.0        7    900.0    "
                              "18.00    200.0      4.0   50 % f32 products\n"));
  EXPECT_THAT(text, HasSubstr("waiting for threads          10.0 %    450.0        0\n"));
}

TEST(BenchReportTest, JsonHasTheSameNumbers) {
  const boost::json::value parsed = boost::json::parse(BenchJson("base", Example()));
  EXPECT_EQ(parsed.at("speed").to_number<double>(), 30);
  const boost::json::value& stage = parsed.at("stages").at(0);
  EXPECT_NEAR(stage.at("share_percent").to_number<double>(), 50, 1e-9);
  EXPECT_NEAR(stage.at("gops").to_number<double>(), 200, 1e-9);
  EXPECT_NEAR(stage.at("limit_percent").to_number<double>(), 50, 1e-9);
  EXPECT_TRUE(parsed.at("stages").at(1).at("limit").is_null());
}

TEST(BenchReportTest, ARunWithoutSoundOrTimeStillPrints) {
  measure::BenchReport report;
  report.seconds = {0};
  report.threads = 1;
  EXPECT_THAT(BenchText("base", report), Not(HasSubstr("nan")));
  EXPECT_THAT(BenchJson("base", report), Not(HasSubstr("nan")));
}

TEST(BenchReportTest, WhatACalibrationChoseIsSaid) {
  measure::BenchReport report = Example();
  EXPECT_THAT(BenchText("base", report), Not(HasSubstr("from the calibration")));
  report.shape.workers_from = report.shape.threads_from = pipeline::Origin::kCalibration;
  EXPECT_THAT(BenchText("base", report), HasSubstr("\nfrom the calibration: workers, threads\n"));
}

TEST(BenchReportTest, ACalibrationShowsWhatWasTried) {
  using pipeline::ComputeType;
  const pipeline::Calibration rule{pipeline::FormatsOf(ComputeType::kInt8), 2, 1, 8};
  pipeline::Calibration other = rule;
  other.batch = 4;
  measure::CalibrationReport report;
  report.formats = {{ComputeType::kInt8, 4, {3, 2, 1, 0.5}}, {ComputeType::kF32, 8, {6, 4, 2, 1}}};
  report.shapes = {{rule, 4}};
  report.batches = {{rule, 4}, {other, 3.2}, {rule, std::numeric_limits<double>::infinity()}};
  report.chosen = other;
  report.audio_seconds = 400;
  const std::string text = CalibrationText("base", report);
  EXPECT_THAT(text, HasSubstr(" 8.00 s     50.0 x   -50.0 %\n"));
  EXPECT_THAT(text, HasSubstr(" 3.20 s    125.0 x   +25.0 %\n"));
  EXPECT_THAT(text, HasSubstr("does not fit the memory\n"));
  EXPECT_THAT(text, HasSubstr("chosen: encoder int8, attention bf16, decoder int8, audio int8; "
                              "workers 2 x threads 1, batch 4\n"));
  EXPECT_THAT(text, Not(HasSubstr("each part's fastest")));
  EXPECT_THAT(text, Not(HasSubstr("each number of workers")));
}

TEST(BenchReportTest, ACalibrationShowsWhatWorkersGainAndCost) {
  measure::CalibrationReport report;
  report.formats = {{pipeline::ComputeType::kInt8, 4, {3, 2, 1, 0.5}}};
  report.curve = {{1, 4, 10, 200'000'000}, {2, 2, 12, 260'000'000}, {4, 1, 11.4, 400'000'000}};
  const std::string text = CalibrationText("base", report);
  EXPECT_THAT(text, HasSubstr("1 x 4                           10.0 x              200.0 MB\n"));
  EXPECT_THAT(text, HasSubstr("12.0 x   +20.0 %    260.0 MB       60.0 MB\n"));
  EXPECT_THAT(text, HasSubstr("11.4 x    -5.0 %    400.0 MB       70.0 MB\n"));
  report.curve[2].memory_bytes = 0;
  EXPECT_THAT(CalibrationText("base", report), HasSubstr("11.4 x    -5.0 %\n"));
}

}  // namespace
}  // namespace verbatim::app
