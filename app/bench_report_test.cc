#include "bench_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace verbatim::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

pipeline::BenchReport Example() {
  pipeline::BenchReport report;
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
  pipeline::BenchReport report;
  report.seconds = {0};
  report.threads = 1;
  EXPECT_THAT(BenchText("base", report), Not(HasSubstr("nan")));
  EXPECT_THAT(BenchJson("base", report), Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace verbatim::app
