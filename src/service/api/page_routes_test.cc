// The page for browsers: what it allows itself, and how its files are sent and kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "api/impl/page_assets.h"
#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tests::RawResponse;

std::string AssetOf(const std::string& page, const char* ending) {
  std::smatch found;
  const std::regex address("(/assets/[^\"]+\\." + std::string(ending) + ")\"");
  return std::regex_search(page, found, address) ? found[1].str() : "";
}

TEST(PageRoutesTest, ThePageLoadsNothingFromElsewhere) {
  const RunningService service;
  const RawResponse page = service.Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.at("cache-control"), "no-cache");
  const std::string& policy = page.headers.at("content-security-policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_FALSE(std::regex_search(page.body, std::regex("(src|href)=\"[a-z]*:?//")));
  EXPECT_THAT(page.body, Not(HasSubstr("<style")));
  EXPECT_FALSE(std::regex_search(page.body, std::regex("<script(?![^>]*src=)")));
}

TEST(PageRoutesTest, EveryFileThatThePageNamesIsThere) {
  const RunningService service;
  const std::string page = service.Get("/").body;
  const std::string style = AssetOf(page, "css");
  ASSERT_FALSE(style.empty());
  const RawResponse response = service.Get(style);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), "text/css; charset=utf-8");
  EXPECT_EQ(response.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(service.Get("/assets/nothing.css").status, 404);
  EXPECT_EQ(service.Get("/assets/..%2findex.html").status, 400);
}

TEST(PageRoutesTest, BrowsersThatTakeItGetLess) {
  const RunningService service;
  const RawResponse whole = service.Get("/");
  const RawResponse packed = service.Get("/", "Accept-Encoding: gzip, deflate\r\n");
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), whole.body.size());
  EXPECT_EQ(packed.headers.at("vary"), "Accept-Encoding");
  const RawResponse refused = service.Get("/", "Accept-Encoding: gzip;q=0\r\n");
  EXPECT_EQ(refused.body, whole.body);
}

TEST(PageRoutesTest, WhatIsKnownIsNotSentAgain) {
  const RunningService service;
  const std::string etag = service.Get("/").headers.at("etag");
  const RawResponse again = service.Get("/", "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
}

// A name that tells the content may be kept for good; any other must be asked for again.
TEST(PageRoutesTest, OnlyNamesOfContentAreImmutable) {
  const RunningService service;
  for (const PageAsset& asset : PageAssets()) {
    if (asset.name == "index.html") continue;
    const RawResponse response = service.Get("/assets/" + std::string(asset.name));
    const bool is_kept = response.headers.at("cache-control").ends_with("immutable");
    const bool tells_content =
        std::regex_search(std::string(asset.name), std::regex("-[A-Za-z0-9_-]{8}\\.[a-z0-9]+$"));
    EXPECT_EQ(is_kept, tells_content) << asset.name;
  }
}

}  // namespace
}  // namespace verbatim::api
