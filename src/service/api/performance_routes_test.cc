#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using tests::RawResponse;

boost::json::value Json(const RawResponse& response) {
  EXPECT_EQ(response.status, 200) << response.body;
  return boost::json::parse(response.body);
}

TEST(PerformanceRoutesTest, TheStatusNamesSettingsResourcesWorkersAndQueue) {
  const RunningService service;
  service.Completed();
  const boost::json::value status = Json(service.Get("/api/performance"));
  EXPECT_GT(status.at("settings").as_array().size(), 20U);
  EXPECT_GE(status.at("resources").at("cores").at("value").as_int64(), 1);
  EXPECT_EQ(status.at("resources").at("memory_total_bytes").at("tier").as_string(), "primary");
  EXPECT_GE(status.at("workers").at("optimal").as_int64(), 1);
  EXPECT_THAT(std::string(status.at("workers").at("sentence").as_string()),
              HasSubstr("Optimal workers calculated: "));
  EXPECT_EQ(status.at("workers").at("engine").as_int64(), 0);
  EXPECT_GE(status.at("queue").at("oldest_wait_s").to_number<double>(), 0);
  EXPECT_EQ(status.at("recent").at("ended").as_int64(), 1);
  EXPECT_EQ(status.at("recent").at("failed").as_int64(), 0);
}

TEST(PerformanceRoutesTest, TheStatusNamesLoadedModelsAndPressure) {
  RunningService service;
  boost::json::value status = Json(service.Get("/api/performance"));
  EXPECT_TRUE(status.at("models").as_array().empty());
  EXPECT_EQ(status.at("pressure").at("level").as_int64(), 0);
  EXPECT_EQ(status.at("pressure").at("name").as_string(), "none");
  EXPECT_TRUE(status.at("pressure").at("steps").as_array().empty());
  EXPECT_TRUE(status.at("recent").at("memory_prediction_error").is_null());

  service.script.Hold();
  const std::string id(service.Submit().at("id").as_string());
  const auto model = [&] {
    const boost::json::value now = Json(service.Get("/api/performance"));
    const boost::json::array& models = now.at("models").as_array();
    return models.empty() ? boost::json::object() : models[0].as_object();
  };
  while (model().empty() || !model().at("is_loaded").as_bool()) std::this_thread::yield();
  EXPECT_EQ(model().at("name").as_string(), "base");
  EXPECT_EQ(model().at("jobs").as_int64(), 1);
  EXPECT_TRUE(model().at("idle_s").is_null());
  service.script.Release();
  EXPECT_EQ(service.End(id), "completed");
  while (model().at("jobs").as_int64() == 1) std::this_thread::yield();
  EXPECT_GE(model().at("idle_s").to_number<double>(), 0);
}

TEST(PerformanceRoutesTest, FailedJobsAreCounted) {
  RunningService service;
  service.script.FailWith({ErrorCode::kCorruptMedia, "broken"});
  const std::string id(service.Submit().at("id").as_string());
  EXPECT_EQ(service.End(id), "failed");
  const boost::json::value recent = Json(service.Get("/api/performance")).at("recent");
  EXPECT_EQ(recent.at("ended").as_int64(), 1);
  EXPECT_EQ(recent.at("failed").as_int64(), 1);
  EXPECT_EQ(recent.at("timed_out").as_int64(), 0);
}

// As the JavaScript of the requirements reads it: data.recommendations.
TEST(PerformanceRoutesTest, TheOptimizationHasRecommendationsAndTheirGround) {
  const RunningService service;
  const boost::json::value data = Json(service.Get("/api/performance/optimization"));
  bool has_sentence = false;
  for (const boost::json::value& one : data.at("recommendations").as_array()) {
    EXPECT_FALSE(one.at("evidence").as_string().empty());
    has_sentence |= one.at("message").as_string() ==
                    "Parallel upload enabled - large files will be processed more efficiently";
  }
  EXPECT_TRUE(has_sentence);
  EXPECT_EQ(data.at("optimal_workers"), data.at("analysis").at("workers").at("optimal"));
  EXPECT_TRUE(data.at("analysis").at("resources").is_object());
}

TEST(PerformanceRoutesTest, OptimizeSaysWhatCameBack) {
  const RunningService service;
  const boost::json::value done =
      Json(service.PostJson("/api/performance/optimize", R"({"force_memory_cleanup": true})"));
  EXPECT_TRUE(done.at("is_done").as_bool());
  EXPECT_GE(done.at("memory_cleaned_mb").as_int64(), 0);
  EXPECT_EQ(done.at("source").as_string(), "smaps_rollup");
  EXPECT_THAT(std::string(done.at("message").as_string()),
              HasSubstr("Performance optimization completed - memory cleaned: "));
  EXPECT_EQ(service.Ask("POST", "/api/performance/optimize").status, 200);  // without a body
}

TEST(PerformanceRoutesTest, OtherWishesAreRefused) {
  const RunningService service;
  for (const char* body : {"{", "[]", R"({"force_memory_cleanup": 1})", R"({"reboot": true})"}) {
    EXPECT_EQ(service.PostJson("/api/performance/optimize", body).status, 400) << body;
  }
  EXPECT_EQ(
      service.PostJson("/api/performance/optimize", "{\"a\":\"" + std::string(5000, 'a') + "\"}")
          .status,
      413);
}

TEST(PerformanceRoutesTest, SettingsSayWhatIsAllowed) {
  const RunningService service;
  const boost::json::value settings = Json(service.Get("/api/performance/settings"));
  bool has_factor = false;
  for (const boost::json::value& one : settings.at("settings").as_array()) {
    if (one.at("name").as_string() != "memory_safety_factor") continue;
    has_factor = true;
    EXPECT_EQ(one.at("kind").as_string(), "decimal");
    EXPECT_EQ(one.at("value").as_double(), 0.8);
    EXPECT_EQ(one.at("min").as_double(), 0.1);
    EXPECT_EQ(one.at("max").as_double(), 1);
    EXPECT_EQ(one.at("allowed").as_string(), "a number, 0.1 to 1");
    EXPECT_EQ(one.at("origin").as_string(), "default");
    EXPECT_TRUE(one.at("is_live").as_bool());
  }
  EXPECT_TRUE(has_factor);
}

// enable_parallel_upload.
TEST(PerformanceRoutesTest, PartsAreTakenUnlessSwitchedOff) {
  const RunningService service;
  constexpr std::string_view kPart =
      "Tus-Resumable: 1.0.0\r\nUpload-Length: 5\r\nUpload-Concat: partial\r\n";
  EXPECT_EQ(service.Ask("POST", "/api/uploads", kPart).status, 201);
  EXPECT_THAT(service.Ask("OPTIONS", "/api/uploads").headers.at("tus-extension"),
              HasSubstr("concatenation"));

  service.Patch(R"({"enable_parallel_upload": false})");
  EXPECT_EQ(service.Ask("POST", "/api/uploads", kPart).status, 403);
  EXPECT_EQ(
      service.Ask("POST", "/api/uploads", "Tus-Resumable: 1.0.0\r\nUpload-Length: 5\r\n").status,
      201);
  EXPECT_THAT(service.Ask("OPTIONS", "/api/uploads").headers.at("tus-extension"),
              ::testing::Not(HasSubstr("concatenation")));
}

// chunk_upload_size.
TEST(PerformanceRoutesTest, ClientsAreToldTheSizeOfParts) {
  const RunningService service;
  EXPECT_EQ(service.Ask("OPTIONS", "/api/uploads").headers.at("upload-chunk-size"), "52428800");
  service.Patch(R"({"chunk_upload_size": "8 MiB"})");
  EXPECT_EQ(service.Ask("OPTIONS", "/api/uploads").headers.at("upload-chunk-size"), "8388608");
}

}  // namespace
}  // namespace verbatim::api
