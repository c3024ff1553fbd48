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
  return WhyForeign(request, reach).has_value();
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
  for (const Reach reach : {Reach::kThisMachine, Reach::kNetwork}) {
    for (const auto& field : {foreign, opaque, marked}) {
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

}  // namespace
}  // namespace verbatim::fields
