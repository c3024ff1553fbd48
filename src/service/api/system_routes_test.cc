// Health, metrics, search, and whether the description is that of what is served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using tests::RawResponse;

boost::json::value Json(const RawResponse& response) { return boost::json::parse(response.body); }

using Operations = std::set<std::pair<std::string, std::string>>;  // method, path

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

// A path of the description with each value of {format} in its place.
std::vector<std::string> PathsOf(const std::string& path) {
  const size_t at = path.find("{format}");
  if (at == std::string::npos) return {path};
  std::vector<std::string> paths;
  for (const char* format : {"srt", "vtt", "txt", "json", "tsv"}) {
    paths.push_back(path.substr(0, at) + format);
  }
  return paths;
}

Operations Described() {
  const std::set<std::string> methods = {"get",     "put",  "post", "delete",
                                         "options", "head", "patch"};
  Operations operations;
  const boost::json::value document = boost::json::parse(OpenApiDocument());
  for (const auto& [path, item] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      if (!methods.contains(std::string(method))) continue;
      for (const std::string& one : PathsOf(std::string(path))) {
        operations.emplace(Upper(std::string(method)), one);
      }
    }
  }
  return operations;
}

TEST(SystemRoutesTest, WhatIsServedIsDescribedAndTheOtherWayRound) {
  const RunningService service;
  Operations served;
  for (const http::Route& route : MakeRoutes(service.services())) {
    served.emplace(route.method, route.pattern);
  }
  const Operations described = Described();
  for (const auto& [method, path] : served) {
    EXPECT_TRUE(described.contains({method, path})) << method << " " << path << " is not described";
  }
  for (const auto& [method, path] : described) {
    EXPECT_TRUE(served.contains({method, path})) << method << " " << path << " is not served";
  }
}

// Every reference of the description leads somewhere.
void CheckReferences(const boost::json::value& value, const boost::json::value& document) {
  if (value.is_array()) {
    for (const auto& item : value.get_array()) CheckReferences(item, document);
  }
  if (!value.is_object()) return;
  for (const auto& [key, item] : value.get_object()) {
    if (key == "$ref") {
      boost::system::error_code error;
      const std::string pointer(item.as_string().subview(1));
      EXPECT_NE(document.find_pointer(pointer, error), nullptr) << pointer;
    }
    CheckReferences(item, document);
  }
}

TEST(SystemRoutesTest, TheDescriptionIsWhole) {
  const RunningService service;
  const RawResponse response = service.Get("/openapi.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  const boost::json::value document = Json(response);
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  CheckReferences(document, document);
}

TEST(SystemRoutesTest, HealthSaysTheVersion) {
  const RunningService service;
  EXPECT_EQ(service.Get("/healthz").body, "{\"status\":\"ok\",\"version\":\"1.2.3\"}\n");
}

TEST(SystemRoutesTest, ReadinessNamesEachCheck) {
  const RunningService service;
  const RawResponse response = service.Get("/readyz");
  EXPECT_EQ(response.status, 200);
  const boost::json::value readiness = Json(response);
  EXPECT_EQ(readiness.at("status").as_string(), "ready");
  for (const char* check : {"database", "disk", "model", "sandbox"}) {
    EXPECT_TRUE(readiness.at("checks").at(check).at("ok").as_bool()) << check;
  }
  EXPECT_TRUE(readiness.at("checks").at("sandbox").at("layers").as_array().empty());
}

TEST(SystemRoutesTest, ReadinessNamesTheLayersOfTheSandbox) {
  RunningService service;
  service.sandbox.layers = {{"seccomp", true, ""}, {"landlock", false, "the kernel is too old"}};
  const boost::json::value sandbox = Json(service.Get("/readyz")).at("checks").at("sandbox");
  EXPECT_TRUE(sandbox.at("ok").as_bool());
  const boost::json::value expected = boost::json::parse(
      R"([{"name": "seccomp", "active": true},)"
      R"( {"name": "landlock", "active": false, "reason": "the kernel is too old"}])");
  EXPECT_EQ(sandbox.at("layers"), expected);
  service.sandbox.checked = Fail(ErrorCode::kInternal, "seccomp is not to be had");
  const RawResponse response = service.Get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(Json(response).at("checks").at("sandbox").at("ok").as_bool());
}

TEST(SystemRoutesTest, MetricsAreThoseOfPrometheus) {
  const RunningService service;
  const RawResponse response = service.Get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.headers.at("content-type"), HasSubstr("version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("# TYPE "));
}

TEST(SystemRoutesTest, EveryAnswerIsSafeToShow) {
  const RunningService service;
  for (const char* target : {"/healthz", "/api/jobs", "/nowhere", "/openapi.json", "/v1/models"}) {
    const RawResponse response = service.Get(target);
    EXPECT_EQ(response.headers.at("x-content-type-options"), "nosniff") << target;
    EXPECT_EQ(response.headers.at("referrer-policy"), "no-referrer") << target;
    EXPECT_THAT(response.headers.at("content-security-policy"), HasSubstr("default-src 'none'"))
        << target;
    EXPECT_TRUE(response.headers.contains("cache-control")) << target;
  }
}

TEST(SystemRoutesTest, WhatIsNowhereIsAProblem) {
  const RunningService service;
  const RawResponse absent = service.Get("/nowhere");
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(Json(absent).at("code").as_string(), "not_found");
  const RawResponse wrong = service.Ask("PUT", "/healthz");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(Json(wrong).at("code").as_string(), "method_not_allowed");
}

TEST(SystemRoutesTest, OtherNamesOfThisMachineAreRefused) {
  const RunningService service;
  tests::RawHttpClient client(service.port());
  client.Send("GET /api/jobs HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  const auto response = client.ReceiveResponse();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 403);
}

TEST(SearchRoutesTest, FindsWhatWasSaid) {
  const RunningService service;
  const std::string id = service.Completed();
  const boost::json::value found = Json(service.Get("/api/search?q=world"));
  EXPECT_EQ(found.at("total").as_int64(), 1);
  const boost::json::value& hit = found.at("hits").at(0);
  EXPECT_EQ(hit.at("job").as_string(), id);
  EXPECT_EQ(hit.at("filename").as_string(), "talk.wav");
  EXPECT_EQ(hit.at("segment").as_int64(), 0);
  EXPECT_EQ(hit.at("text").as_string(), "Hello world.");
  bool has_mark = false;
  for (const auto& piece : hit.at("pieces").as_array()) {
    if (piece.at("is_hit").as_bool()) has_mark = piece.at("text").as_string() == "world";
  }
  EXPECT_TRUE(has_mark);
  EXPECT_EQ(Json(service.Get("/api/search?q=nobody")).at("total").as_int64(), 0);
  EXPECT_EQ(Json(service.Get("/api/search?q=world&offset=1")).at("hits").as_array().size(), 0U);
}

TEST(SearchRoutesTest, WhatIsNoQueryIsRefused) {
  const RunningService service;
  for (const std::string& query :
       {std::string(""), std::string("q="), std::string("q=%20"), "q=" + std::string(1025, 'a'),
        std::string("q=a&limit=0"), std::string("q=a&offset=-1")}) {
    EXPECT_EQ(service.Get("/api/search?" + query).status, 400) << query;
  }
  EXPECT_EQ(service.Get("/api/search?q=%22AND%20(%20NEAR").status, 200);  // FTS5's own words
}

}  // namespace
}  // namespace verbatim::api
