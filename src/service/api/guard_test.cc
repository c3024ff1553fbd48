// Every route is asked for: who may use it, and from where.
#include "api/impl/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/test_service.h"

namespace verbatim::api {
namespace {

using access::Scope;
using ::testing::HasSubstr;
using tests::RawResponse;

boost::json::value Json(const RawResponse& response) { return boost::json::parse(response.body); }

std::string Bearer(const std::string& secret) { return "Authorization: Bearer " + secret + "\r\n"; }

std::string Issue(RunningService& service, Scope scope) {
  return service.access().keyring->Issue({std::string(access::ScopeName(scope)), scope})->secret;
}

// An address that fits a pattern: names nothing that is there.
std::string AddressOf(std::string pattern) {
  while (true) {
    const size_t begin = pattern.find('{');
    if (begin == std::string::npos) return pattern;
    pattern.replace(begin, pattern.find('}') - begin + 1, std::string(32, '0'));
  }
}

// What is open to all, by name; a route that is new is not among them.
bool IsMeantToBeOpen(const http::Route& route) {
  static const std::set<std::pair<std::string, std::string>> kOpen = {{"GET", "/"},
                                                                      {"GET", "/assets/{name}"},
                                                                      {"GET", "/healthz"},
                                                                      {"GET", "/readyz"},
                                                                      {"GET", "/openapi.json"},
                                                                      {"POST", "/api/session"},
                                                                      {"DELETE", "/api/session"}};
  return kOpen.contains({route.method, route.pattern});
}

TEST(GuardTest, EveryRouteHasAScopeAndIsRefusedWithoutOne) {
  RunningService service;
  const std::string read = Issue(service, Scope::kRead);
  const std::string upload = Issue(service, Scope::kUpload);
  int guarded = 0;
  for (const http::Route& route : MakeRoutes(service.services())) {
    const std::string where = route.method + " " + route.pattern;
    const auto scope = NeededScope(route.method, route.pattern);
    EXPECT_EQ(!scope.has_value(), IsMeantToBeOpen(route)) << where;
    if (!scope) continue;
    ++guarded;
    const std::string address = AddressOf(route.pattern);
    const RawResponse nobody = service.Ask(route.method, address);
    EXPECT_EQ(nobody.status, 401) << where;
    EXPECT_THAT(nobody.headers.at("www-authenticate"), HasSubstr("Bearer")) << where;
    const RawResponse wrong = service.Ask(route.method, address, "Cookie: verbatim_session=x\r\n");
    EXPECT_EQ(wrong.status, 401) << where;
    if (*scope == Scope::kRead) continue;
    EXPECT_EQ(service.Ask(route.method, address, Bearer(read)).status, 403) << where;
    if (*scope == Scope::kUpload) continue;
    EXPECT_EQ(service.Ask(route.method, address, Bearer(upload)).status, 403) << where;
  }
  EXPECT_GT(guarded, 30);
}

TEST(GuardTest, WhatIsNewIsNeverOpen) {
  EXPECT_EQ(NeededScope("GET", "/api/new"), Scope::kRead);
  EXPECT_EQ(NeededScope("OPTIONS", "/api/new"), Scope::kRead);
  EXPECT_EQ(NeededScope("POST", "/api/new"), Scope::kUpload);
  EXPECT_EQ(NeededScope("BREW", "/api/new"), Scope::kUpload);
  EXPECT_EQ(NeededScope("PUT", "/api/performance/new"), Scope::kAdmin);
  EXPECT_EQ(NeededScope("GET", "/api/audit"), Scope::kAdmin);
}

TEST(GuardTest, EveryChangeIsRefusedToPagesOfOtherSites) {
  RunningService service;
  const std::string admin = Issue(service, Scope::kAdmin);
  const RawResponse made = service.PostJson("/api/session", "{\"token\":\"" + admin + "\"}");
  ASSERT_EQ(made.status, 200);
  const std::string cookie = made.headers.at("set-cookie");
  const std::string by_cookie = "Cookie: a=b; " + cookie.substr(0, cookie.find(';')) + "\r\n";
  EXPECT_EQ(service.Get("/api/jobs", by_cookie).status, 200);
  for (const http::Route& route : MakeRoutes(service.services())) {
    if (route.method == "GET" || route.method == "HEAD" || route.method == "OPTIONS") continue;
    for (const char* site : {"Origin: http://evil.example\r\n", "Origin: null\r\n",
                             "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}) {
      EXPECT_EQ(service.Ask(route.method, AddressOf(route.pattern), by_cookie + site).status, 403)
          << route.method << " " << route.pattern << " " << site;
    }
  }
}

TEST(GuardTest, AnAllowedOriginNeedsAToken) {
  RunningService service({.origins = {"https://app.example"}});
  const std::string upload = Issue(service, Scope::kUpload);
  const RawResponse made = service.PostJson("/api/session", "{\"token\":\"" + upload + "\"}");
  const std::string cookie = made.headers.at("set-cookie");
  const std::string by_cookie = "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
  const std::string origin = "Origin: https://app.example\r\n";
  EXPECT_EQ(service.Ask("POST", "/api/jobs", by_cookie + origin).status, 403);
  const RawResponse by_token = service.Ask("POST", "/api/jobs", Bearer(upload) + origin);
  EXPECT_EQ(by_token.status, 400);
  EXPECT_EQ(by_token.headers.at("access-control-allow-origin"), "https://app.example");
  const RawResponse nowhere = service.Get("/nowhere", origin);
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_EQ(nowhere.headers.at("access-control-allow-origin"), "https://app.example");
  const RawResponse preflight =
      service.Ask("OPTIONS", "/api/jobs", origin + "Access-Control-Request-Method: POST\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(preflight.headers.at("access-control-allow-methods"), HasSubstr("POST"));
  EXPECT_FALSE(preflight.headers.contains("access-control-allow-credentials"));
}

TEST(GuardTest, RefusalsSayWhatToDo) {
  RunningService service;
  const std::string read = Issue(service, Scope::kRead);
  const RawResponse nobody = service.Get("/api/jobs");
  EXPECT_EQ(Json(nobody).at("code").as_string(), "unauthenticated");
  const RawResponse wrong = service.Get("/api/jobs", Bearer("vbt_0"));
  EXPECT_EQ(wrong.status, 401);
  EXPECT_THAT(wrong.headers.at("www-authenticate"), HasSubstr("invalid_token"));
  const RawResponse little =
      service.Ask("DELETE", "/api/jobs/" + std::string(32, '0'), Bearer(read));
  EXPECT_EQ(Json(little).at("code").as_string(), "forbidden");
  EXPECT_THAT(Json(little).at("detail").as_string().c_str(), HasSubstr("upload is needed"));
  const RawResponse openai = service.Get("/v1/models");
  EXPECT_EQ(openai.status, 401);
  EXPECT_EQ(Json(openai).at("error").at("code").as_string(), "unauthenticated");
  EXPECT_EQ(service.Get("/healthz?x=" + read).status, 400);
}

TEST(GuardTest, WrongTokensAreCountedAndRightOnesAreNot) {
  RunningService service;
  const std::string read = Issue(service, Scope::kRead);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(service.Get("/api/jobs", Bearer("x")).status, 401);
  const RawResponse slowed = service.Get("/api/jobs", Bearer("x"));
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(Json(slowed).at("code").as_string(), "too_many_requests");
  EXPECT_TRUE(slowed.headers.contains("retry-after"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(service.Get("/api/jobs", Bearer(read)).status, 200);
  EXPECT_EQ(service.Get("/api/jobs").status, 401);  // shows none
}

}  // namespace
}  // namespace verbatim::api
