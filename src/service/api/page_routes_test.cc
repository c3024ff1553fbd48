// The page for browsers: what it allows itself, and how its files are sent and kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "api/impl/page_assets.h"
#include "api/test_service.h"

namespace verbatim::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tests::RawResponse;

// The first address of this kind that the page names, or nothing.
std::string AssetOf(const std::string& page, std::string_view ending) {
  for (size_t at = page.find("/assets/"); at != std::string::npos;
       at = page.find("/assets/", at + 1)) {
    const std::string address = page.substr(at, page.find('"', at) - at);
    if (address.ends_with(ending)) return address;
  }
  return "";
}

// "index-Bx3k_9aZ.js": eight characters of its digest stand before the ending.
bool TellsContent(std::string_view name) {
  constexpr size_t kDigest = 8;
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot < kDigest + 1) return false;
  const std::string_view digest = name.substr(dot - kDigest, kDigest);
  return name[dot - kDigest - 1] == '-' && std::ranges::all_of(digest, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_';
         });
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
  for (const char* elsewhere : {"=\"//", "=\"http:", "=\"https:"}) {
    EXPECT_THAT(page.body, Not(HasSubstr(elsewhere)));
  }
  EXPECT_THAT(page.body, Not(HasSubstr("<style")));
  for (size_t at = page.body.find("<script"); at != std::string::npos;
       at = page.body.find("<script", at + 1)) {
    EXPECT_THAT(page.body.substr(at, page.body.find('>', at) - at), HasSubstr("src="));
  }
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
    EXPECT_EQ(is_kept, TellsContent(asset.name)) << asset.name;
  }
}

}  // namespace
}  // namespace verbatim::api
