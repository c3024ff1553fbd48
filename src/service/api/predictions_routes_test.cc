#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using tests::RawResponse;

boost::json::value Ask(const RunningService& service, std::string_view query = "") {
  const RawResponse response = service.Get(fmt::format("/api/performance/predictions{}", query));
  EXPECT_EQ(response.status, 200) << response.body;
  return boost::json::parse(response.body);
}

TEST(PredictionsRoutesTest, BeforeTheFirstJobTheRuleSpeaks) {
  const RunningService service;
  const boost::json::value answer = Ask(service, "?audio_s=600&model=base");
  EXPECT_TRUE(answer.at("models").as_array().empty());
  EXPECT_TRUE(answer.at("queue").as_array().empty());
  const boost::json::value& prediction = answer.at("prediction");
  EXPECT_EQ(prediction.at("model").as_string(), "base");
  EXPECT_EQ(prediction.at("audio_s").to_number<double>(), 600);
  EXPECT_TRUE(prediction.at("is_audio_known").as_bool());
  EXPECT_EQ(prediction.at("time_from").as_string(), "rule");
  EXPECT_EQ(prediction.at("time_s"), prediction.at("rule").at("time_s"));
  EXPECT_GT(prediction.at("memory_bytes").to_number<double>(), 0);
  EXPECT_GE(prediction.at("best_workers").as_int64(), 1);
  EXPECT_FALSE(Ask(service).as_object().contains("prediction"));
}

TEST(PredictionsRoutesTest, JobsTeachAndAreJudged) {
  const RunningService service;
  for (int i = 0; i < 3; ++i) {
    const std::string id(service.Submit(R"(,"reuse":false)").at("id").as_string());
    EXPECT_EQ(service.End(id), "completed");
  }
  // The end is told just after it is stored.
  boost::json::value models;
  for (int i = 0; i < 500; ++i) {
    models = Ask(service).at("models");
    if (models.as_array().size() == 1 && models.at(0).at("samples").as_int64() == 3) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_EQ(models.as_array().size(), 1U);
  EXPECT_EQ(models.at(0).at("model").as_string(), "base");
  EXPECT_EQ(models.at(0).at("samples").as_int64(), 3);
  const boost::json::value& time = models.at(0).at("time");
  EXPECT_EQ(time.at("predictions").as_int64(), 3);
  EXPECT_GE(time.at("rule_error_percent").to_number<double>(), 0);
  EXPECT_GE(time.at("regression_error_percent").to_number<double>(), 0);
  EXPECT_EQ(time.at("in_use").as_string(), "rule") << "there are too few";
}

TEST(PredictionsRoutesTest, TheQueueIsPredictedInItsOrder) {
  RunningService service;
  service.script.Hold();
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) {
    ids.emplace_back(service.Submit(R"(,"reuse":false)").at("id").as_string());
  }
  const boost::json::value answer = Ask(service);
  const auto& queue = answer.at("queue").as_array();
  ASSERT_EQ(queue.size(), ids.size());
  double ends_in_s = 0;
  for (const boost::json::value& one : queue) {
    EXPECT_THAT(ids, ::testing::Contains(std::string(one.at("job").as_string())));
    EXPECT_GT(one.at("ends_in_s").to_number<double>(), ends_in_s);
    ends_in_s = one.at("ends_in_s").to_number<double>();
  }
  service.script.Release();
}

TEST(PredictionsRoutesTest, SelfTuningIsTold) {
  const RunningService service;
  const boost::json::value answer = Ask(service);
  const boost::json::value& tuning = answer.at("tuning");
  EXPECT_FALSE(tuning.at("is_on").as_bool());
  EXPECT_EQ(tuning.at("state").as_string(), "resting");
  EXPECT_TRUE(tuning.at("attempt").is_null());
  EXPECT_TRUE(tuning.at("outcomes").as_array().empty());
}

TEST(PredictionsRoutesTest, WrongQuestionsAreNamed) {
  const RunningService service;
  const std::pair<const char*, const char*> cases[] = {
      {"file_bytes=0", "file_bytes: "}, {"file_bytes=x", "file_bytes: "},
      {"audio_s=-1", "audio_s: "},      {"audio_s=long", "audio_s: "},
      {"model=base", "model: "},        {"audio_s=1&model=nonesuch", "nonesuch"}};
  for (const auto& [query, message] : cases) {
    const RawResponse response = service.Get(fmt::format("/api/performance/predictions?{}", query));
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, HasSubstr(message)) << query;
  }
}

}  // namespace
}  // namespace verbatim::api
