#include "fields/same_site.h"

#include <gtest/gtest.h>

namespace verbatim::fields {
namespace {

http::Request Make(std::string method, std::string host,
                   std::vector<http::Headers::Field> more = {}) {
  http::Request request;
  request.method = std::move(method);
  request.headers.Add("Host", std::move(host));
  for (http::Headers::Field& field : more) request.headers.Add(field.name, field.value);
  return request;
}

bool IsForeign(const http::Request& request, Reach reach = Reach::kThisMachine) {
  return WhyForeign(request, {.reach = reach}).has_value();
}

TEST(SameSiteTest, ProgramsNoticeNothing) {
  EXPECT_FALSE(IsForeign(Make("POST", "127.0.0.1:8090")));
  EXPECT_FALSE(IsForeign(Make("DELETE", "localhost")));
}

TEST(SameSiteTest, NamesOfOtherMachinesAreRefusedOnThisMachineAlone) {
  for (const char* host : {"evil.example", "evil.example:8090", "127.0.0.1.evil.example",
                           "localhost.evil.example", "10.0.0.1", "127.evil", "[::2]"}) {
    EXPECT_TRUE(IsForeign(Make("GET", host))) << host;
    EXPECT_FALSE(IsForeign(Make("GET", host), Reach::kNetwork)) << host;
  }
  for (const char* host : {"127.0.0.1", "127.0.0.2:1", "LOCALHOST:80", "a.localhost", "[::1]:80"}) {
    EXPECT_FALSE(IsForeign(Make("GET", host))) << host;
  }
}

TEST(SameSiteTest, PagesOfOtherSitesMayChangeNothing) {
  const http::Headers::Field foreign{"Origin", "http://evil.example"};
  const http::Headers::Field opaque{"Origin", "null"};
  const http::Headers::Field marked{"Sec-Fetch-Site", "cross-site"};
  const http::Headers::Field neighbour{"Sec-Fetch-Site", "same-site"};
  for (const Reach reach : {Reach::kThisMachine, Reach::kNetwork}) {
    for (const auto& field : {foreign, opaque, marked, neighbour}) {
      EXPECT_TRUE(IsForeign(Make("POST", "127.0.0.1:80", {field}), reach)) << field.value;
      EXPECT_TRUE(IsForeign(Make("DELETE", "127.0.0.1:80", {field}), reach)) << field.value;
      EXPECT_FALSE(IsForeign(Make("GET", "127.0.0.1:80", {field}), reach)) << field.value;
    }
  }
}

TEST(SameSiteTest, ThePageOfTheServerItselfMay) {
  EXPECT_FALSE(
      IsForeign(Make("POST", "127.0.0.1:80",
                     {{"Origin", "http://127.0.0.1:80"}, {"Sec-Fetch-Site", "same-origin"}})));
  EXPECT_TRUE(IsForeign(Make("POST", "127.0.0.1:80", {{"Origin", "http://127.0.0.1:81"}})));
}

TEST(SameSiteTest, TwoFieldsWhereOneBelongsAreForeign) {
  EXPECT_TRUE(
      IsForeign(Make("POST", "127.0.0.1:80",
                     {{"Origin", "http://127.0.0.1:80"}, {"Origin", "http://127.0.0.1:80"}})));
  EXPECT_TRUE(
      IsForeign(Make("POST", "127.0.0.1:80",
                     {{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "same-origin"}})));
}

TEST(SameSiteTest, NamesThatAreAllowedAreAnswered) {
  const SiteRules at_home{.hosts = {"box.example", "10.0.0.1"}};
  SiteRules outside = at_home;
  outside.reach = Reach::kNetwork;
  for (const SiteRules& rules : {at_home, outside}) {
    for (const char* host : {"BOX.example:8090", "10.0.0.1", "localhost:1", "127.0.0.1"}) {
      EXPECT_FALSE(WhyForeign(Make("GET", host), rules)) << host;
    }
    for (const char* host : {"evil.example", "x.box.example", "10.0.0.10"}) {
      EXPECT_TRUE(WhyForeign(Make("GET", host), rules)) << host;
    }
  }
}

TEST(SameSiteTest, OriginsThatAreAllowedMayAsk) {
  const SiteRules rules{.origins = {"https://app.example"}};
  const http::Headers::Field good{"Origin", "https://app.example"};
  const http::Headers::Field marked{"Sec-Fetch-Site", "cross-site"};
  EXPECT_FALSE(WhyForeign(Make("POST", "127.0.0.1", {good, marked}), rules));
  for (const char* bad :
       {"http://app.example", "https://app.example:444", "https://app.example.evil", "null", "*"}) {
    EXPECT_TRUE(WhyForeign(Make("POST", "127.0.0.1", {{"Origin", bad}}), rules)) << bad;
  }
  // A cookie still does not count there.
  EXPECT_TRUE(IsOfOtherSite(Make("POST", "127.0.0.1", {good, marked})));
}

TEST(CrossOriginTest, PreflightsAreAnsweredForAllowedOriginsAlone) {
  const std::vector<std::string> origins = {"https://app.example"};
  const http::Headers::Field asks{"Access-Control-Request-Method", "PATCH"};
  const auto ask = [&](const char* origin) {
    return Make("OPTIONS", "127.0.0.1", {{"Origin", origin}, asks});
  };
  const auto answer = AnswerPreflight(ask("https://app.example"), origins);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_TRUE(answer->headers.Find("Access-Control-Allow-Methods")->contains("PATCH"));
  EXPECT_TRUE(answer->headers.Find("Access-Control-Allow-Headers")->contains("Authorization"));
  EXPECT_FALSE(AnswerPreflight(ask("https://evil.example"), origins));
  // tus asks with OPTIONS, too.
  EXPECT_FALSE(
      AnswerPreflight(Make("OPTIONS", "127.0.0.1", {{"Origin", "https://app.example"}}), origins));
  EXPECT_FALSE(AnswerPreflight(ask("https://app.example"), {}));
}

TEST(CrossOriginTest, AnswersNameTheOriginAndNeverCredentials) {
  const std::vector<std::string> origins = {"https://app.example", "https://b.example"};
  http::Headers fields;
  for (auto& field :
       CrossOriginFields(Make("GET", "127.0.0.1", {{"Origin", "https://b.example"}}), origins)) {
    fields.Add(field.name, field.value);
  }
  EXPECT_EQ(fields.Find("Access-Control-Allow-Origin"), "https://b.example");
  EXPECT_EQ(fields.Find("Vary"), "Origin");
  EXPECT_EQ(fields.Count("Access-Control-Allow-Credentials"), 0U);
  const auto others =
      CrossOriginFields(Make("GET", "127.0.0.1", {{"Origin", "https://evil.example"}}), origins);
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0].name, "Vary");
}

}  // namespace
}  // namespace verbatim::fields
