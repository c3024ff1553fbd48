#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using tests::RawResponse;

constexpr int64_t kBegin = 1'700'000'040;  // a whole minute

class HistoryRoutesTest : public ::testing::Test {
 protected:
  // 150 s of a machine that computes more and more.
  HistoryRoutesTest() {
    for (int64_t i = 0; i < 150; ++i) {
      history::Sample sample;
      sample.time_ms = (kBegin + i) * 1000;
      sample.at(history::Series::kCpu) = static_cast<double>(i);
      service_.recorder().Add(sample, i * 1000);
    }
  }

  boost::json::value Ask(std::string_view query) const {
    const RawResponse response = service_.Get(fmt::format("/api/performance/history{}", query));
    EXPECT_EQ(response.status, 200) << response.body;
    return boost::json::parse(response.body);
  }

  RunningService service_;
};

TEST_F(HistoryRoutesTest, GivesColumns) {
  const boost::json::value history =
      Ask(fmt::format("?from={}&to={}&step=1m", kBegin, kBegin + 180));
  EXPECT_EQ(history.at("step").as_int64(), 60);
  const auto& times = history.at("times").as_array();
  ASSERT_EQ(times.size(), 3U);
  EXPECT_EQ(times[0].as_int64(), kBegin);
  EXPECT_EQ(times[2].as_int64(), kBegin + 120);
  const boost::json::value& cpu = history.at("series").at("cpu_cores");
  EXPECT_NEAR(cpu.at("mean").at(0).to_number<double>(), 29.5, 1e-3);
  EXPECT_EQ(cpu.at("min").at(1).to_number<double>(), 60);
  EXPECT_EQ(cpu.at("max").at(2).to_number<double>(), 149);
  EXPECT_TRUE(history.at("series").at("stage_vocabulary_product").at("mean").is_array());
  EXPECT_FALSE(history.at("series").at("stage_vocabulary_product").as_object().contains("min"));
}

TEST_F(HistoryRoutesTest, TheStepFollowsTheSpanUnlessItIsGiven) {
  const auto step = [&](std::string_view query) { return Ask(query).at("step").as_int64(); };
  EXPECT_EQ(step(""), 1);
  EXPECT_EQ(step("?from=1700000000&to=1700000900"), 1);
  EXPECT_EQ(step("?from=1700000000&to=1700000961"), 60);
  EXPECT_EQ(step("?from=1700000000&to=1700500000"), 3600);
  EXPECT_EQ(step("?from=1700000000&to=1700000900&step=1h"), 3600);
  EXPECT_EQ(step("?from=1700000000&to=1700000900&step=2"), 60);
  EXPECT_EQ(step("?from=1700000000&to=1700000900&step=61"), 3600);
  EXPECT_EQ(step("?from=1700000000&to=1700900000&step=86400"), 86'400);
  EXPECT_EQ(step("?from=2023-11-14T22:13:20Z&to=2023-11-14T22:28:20Z"), 1);
}

TEST_F(HistoryRoutesTest, OnlySomeSeriesCanBeAskedFor) {
  const boost::json::value history =
      Ask(fmt::format("?from={}&to={}&series=cpu_cores,load", kBegin, kBegin + 10));
  EXPECT_EQ(history.at("series").as_object().size(), 2U);
  EXPECT_EQ(history.at("series").at("cpu_cores").at("mean").at(3).to_number<double>(), 3);
}

TEST_F(HistoryRoutesTest, ATimeWithoutSamplesIsEmpty) {
  const boost::json::value history = Ask("?from=1000&to=2000");
  EXPECT_TRUE(history.at("times").as_array().empty());
  EXPECT_TRUE(history.at("series").at("load").at("mean").as_array().empty());
}

TEST_F(HistoryRoutesTest, WrongValuesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {{"from=yesterday", "from: "},
                                                       {"to=2023-11-14", "to: "},
                                                       {"from=20&to=20", "from is 20"},
                                                       {"from=30&to=20", "must be earlier"},
                                                       {"step=1d", "step: \\\"1d\\\""},
                                                       {"step=0", "step: "},
                                                       {"step=-60", "step: "},
                                                       {"step=99999999999", "step: "},
                                                       {"series=load,none", "\\\"none\\\""},
                                                       {"from=-5", "from: "}};
  for (const auto& [query, message] : cases) {
    const RawResponse response = service_.Get(fmt::format("/api/performance/history?{}", query));
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, HasSubstr(message)) << query;
  }
}

}  // namespace
}  // namespace verbatim::api
