#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using tests::RawResponse;

constexpr std::string_view kSettings = "/api/performance/settings";
constexpr std::string_view kJsonType = "Content-Type: application/json\r\n";

class SettingRoutesTest : public testing::Test {
 protected:
  RawResponse Try(std::string_view body) {
    return service_.Ask("PATCH", kSettings, kJsonType, body);
  }
  std::string DetailOf(std::string_view body, int status = 400) {
    const RawResponse response = Try(body);
    EXPECT_EQ(response.status, status) << body;
    return std::string(json::parse(response.body).at("detail").as_string());
  }
  json::value Find(std::string_view name) {
    const json::value all = json::parse(service_.Get(kSettings).body);
    for (const json::value& one : all.at("settings").as_array()) {
      if (one.at("name").as_string() == name) return one;
    }
    return nullptr;
  }
  RawResponse Post(const std::string& id, std::string_view what) {
    return service_.Ask("POST", fmt::format("/api/performance/recommendations/{}/{}", id, what));
  }
  std::string Conflict(const std::string& id, std::string_view what) {
    const RawResponse response = Post(id, what);
    EXPECT_EQ(response.status, 409) << response.body;
    return std::string(json::parse(response.body).at("detail").as_string());
  }
  json::value Optimization() {
    return json::parse(service_.Get("/api/performance/optimization").body);
  }
  json::value Recommendation(std::string_view id) {
    const json::value optimization = Optimization();
    for (const json::value& one : optimization.at("recommendations").as_array()) {
      if (one.at("id").as_string() == id) return one;
    }
    return nullptr;
  }

  RunningService service_;
};

TEST_F(SettingRoutesTest, AFormCanBeMadeOfThem) {
  const json::value all = json::parse(service_.Get(kSettings).body);
  for (const json::value& one : all.at("settings").as_array()) {
    const std::string kind(one.at("kind").as_string());
    const json::object& object = one.as_object();
    EXPECT_EQ(kind == "choice", object.contains("choices"));
    EXPECT_EQ(kind == "integer" || kind == "size" || kind == "decimal", object.contains("max"));
    EXPECT_EQ(kind == "flag", one.at("default").is_bool());
    EXPECT_FALSE(one.at("help").as_string().empty());
    EXPECT_EQ(one.at("origin").as_string(), "default");
  }
}

TEST_F(SettingRoutesTest, EachThatMayChangeTakesItsOwnDefault) {
  const json::value all = json::parse(service_.Get(kSettings).body);
  for (const json::value& one : all.at("settings").as_array()) {
    json::object body;
    body[one.at("name").as_string()] = one.at("default");
    EXPECT_EQ(Try(json::serialize(body)).status, one.at("is_live").as_bool() ? 200 : 409)
        << one.at("name");
  }
}

TEST_F(SettingRoutesTest, AChangeHoldsAtOnce) {
  const json::value changed =
      service_.Patch(R"({"workers": 4, "memory_safety_factor": 0.5, "log_level": "debug",)"
                     R"( "enable_memory_cleanup": false, "max_file_size_bytes": "2 GiB"})");
  EXPECT_EQ(changed.at("changes").as_array().size(), 5U);
  EXPECT_EQ(json::serialize(changed.at("changes").at(0)),
            R"({"name":"workers","before":0,"after":4})");
  EXPECT_EQ(Find("workers").at("value"), 4);
  EXPECT_EQ(Find("workers").at("origin").as_string(), "changed");
  EXPECT_EQ(Find("memory_safety_factor").at("value"), 0.5);
  EXPECT_EQ(Find("enable_memory_cleanup").at("value"), false);
  EXPECT_EQ(Find("max_file_size_bytes").at("value"), 2LL << 30);
  EXPECT_EQ(Find("log_level").at("value"), "debug");
  EXPECT_TRUE(service_.Patch(R"({"workers": 4})").at("changes").as_array().empty());
  service_.Patch(R"({"workers": null})");
  EXPECT_EQ(Find("workers").at("value"), 0);
  EXPECT_EQ(Find("workers").at("origin").as_string(), "default");
}

TEST_F(SettingRoutesTest, WhatIsWrongIsNamedAndNothingChanges) {
  EXPECT_EQ(DetailOf(R"({"workers": 4, "batch": 65})"),
            "batch is \"65\", but must be a whole number, 0 to 64");
  EXPECT_EQ(DetailOf(R"({"workers": 4, "batch": [1]})"),
            "batch is [1], but must be a whole number, 0 to 64");
  EXPECT_EQ(DetailOf(R"({"workers": 4, "max_worker_limit": 5})"),
            "there is no setting \"max_worker_limit\"; did you mean \"max_workers_limit\"?");
  EXPECT_THAT(DetailOf(R"({"workers": 4, "listen": "127.0.0.1:1"})", 409),
              HasSubstr("listen can't change while the server runs"));
  for (const char* body : {"", "[]", "{", "4"}) EXPECT_EQ(Try(body).status, 400) << body;
  EXPECT_EQ(Find("workers").at("value"), 0);
  EXPECT_EQ(service_.Get("/api/performance/settings/changes").body, "{\"changes\":[]}\n");
}

TEST_F(SettingRoutesTest, TheLogOfChangesHasTheNewestFirst) {
  service_.Patch(R"({"workers": 4})");
  service_.Patch(R"({"workers": 5})");
  const json::value log = json::parse(service_.Get("/api/performance/settings/changes").body);
  ASSERT_EQ(log.at("changes").as_array().size(), 2U);
  EXPECT_EQ(log.at("changes").at(0).at("before"), 4);
  EXPECT_EQ(log.at("changes").at(0).at("after"), 5);
  EXPECT_EQ(log.at("changes").at(0).at("reason"), "api");
  EXPECT_THAT(std::string(log.at("changes").at(0).at("time").as_string()), HasSubstr("T"));
  const json::value one =
      json::parse(service_.Get("/api/performance/settings/changes?limit=1").body);
  EXPECT_EQ(one.at("changes").as_array().size(), 1U);
  EXPECT_EQ(service_.Get("/api/performance/settings/changes?limit=0").status, 400);
}

TEST_F(SettingRoutesTest, ARecommendationIsAppliedAndTakenBack) {
  service_.Patch(R"({"enable_memory_cleanup": false})");
  EXPECT_EQ(Recommendation("memory_cleanup_off").at("is_applied"), false);
  const RawResponse applied = Post("memory_cleanup_off", "apply");
  EXPECT_EQ(applied.status, 200) << applied.body;
  EXPECT_EQ(json::serialize(json::parse(applied.body).at("changes")),
            R"([{"name":"enable_memory_cleanup","before":false,"after":true}])");
  EXPECT_TRUE(service_.services().settings.Current().enable_memory_cleanup);
  EXPECT_TRUE(Recommendation("memory_cleanup_off").is_null()) << "its reason has gone";
  const json::value holds = Optimization().at("applied").at(0);
  EXPECT_EQ(holds.at("id"), "memory_cleanup_off");
  EXPECT_EQ(holds.at("setting"), "enable_memory_cleanup");
  EXPECT_EQ(holds.at("before"), false);
  EXPECT_EQ(holds.at("can_undo"), true);
  EXPECT_THAT(Conflict("memory_cleanup_off", "apply"), HasSubstr("no reason"));

  EXPECT_EQ(Post("memory_cleanup_off", "undo").status, 200);
  EXPECT_FALSE(service_.services().settings.Current().enable_memory_cleanup);
  EXPECT_TRUE(Optimization().at("applied").as_array().empty());
  EXPECT_THAT(Conflict("memory_cleanup_off", "undo"), HasSubstr("taken back already"));
  EXPECT_EQ(Recommendation("memory_cleanup_off").at("can_undo"), false);
  EXPECT_EQ(Post("memory_cleanup_off", "apply").status, 200) << "again";
}

// What came from no change is no change afterwards.
TEST_F(SettingRoutesTest, UndoGivesBackTheOriginToo) {
  service_.Patch(R"({"min_workers": 7})");
  EXPECT_EQ(Post("floor_above_ceiling", "apply").status, 200);
  EXPECT_EQ(Find("default_max_workers").at("value"), 7);
  EXPECT_EQ(Post("floor_above_ceiling", "undo").status, 200);
  EXPECT_EQ(Find("default_max_workers").at("value"), 6);
  EXPECT_EQ(Find("default_max_workers").at("origin"), "default");
}

TEST_F(SettingRoutesTest, WhatOthersHaveChangedSinceIsNotTakenBack) {
  service_.Patch(R"({"min_workers": 7})");
  EXPECT_EQ(Post("floor_above_ceiling", "apply").status, 200);
  service_.Patch(R"({"default_max_workers": 9})");
  EXPECT_EQ(Conflict("floor_above_ceiling", "undo"),
            "default_max_workers was changed since, to 9 (api)");
  EXPECT_EQ(Find("default_max_workers").at("value"), 9);
  EXPECT_TRUE(Optimization().at("applied").as_array().empty());
  service_.Patch(R"({"default_max_workers": 7})");
  EXPECT_EQ(Optimization().at("applied").at(0).at("can_undo"), false);
}

TEST_F(SettingRoutesTest, WhatCannotBeApplied) {
  EXPECT_EQ(Post("sell_the_machine", "apply").status, 404);
  EXPECT_EQ(Post("sell_the_machine", "undo").status, 404);
  EXPECT_THAT(Conflict("large_timeout_short", "apply"), HasSubstr("no reason"));
  EXPECT_THAT(Conflict("large_timeout_short", "undo"), HasSubstr("was not applied"));
  EXPECT_THAT(Conflict("not_calibrated", "apply"),
              HasSubstr("the command is: verbatim bench --calibrate"));
  EXPECT_THAT(Conflict("parallel_upload_enabled", "apply"), HasSubstr("nothing to be done"));
}

}  // namespace
}  // namespace verbatim::api
