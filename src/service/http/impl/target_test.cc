#include "http/impl/target.h"

#include <gtest/gtest.h>

namespace verbatim::http {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

TEST(TargetTest, DecodesPathAndQuery) {
  const auto target = ParseTarget("/a%20b/c.d/%E2%82%AC+?x=1+2&y=%2B%26&z&=w&x=3").value();
  EXPECT_EQ(target.path, "/a b/c.d/€+");
  EXPECT_EQ(target.query, (Query{{"x", "1 2"}, {"y", "+&"}, {"z", ""}, {"", "w"}, {"x", "3"}}));
  EXPECT_EQ(ParseTarget("/").value().path, "/");
  EXPECT_TRUE(ParseTarget("/").value().query.empty());
  EXPECT_EQ(ParseTarget("/...").value().path, "/...");
  EXPECT_EQ(ParseTarget("/a..b/.c").value().path, "/a..b/.c");
  EXPECT_EQ(ParseTarget("/a?b/../c=%2F").value().query, (Query{{"b/../c", "/"}}));
}

TEST(TargetTest, LeavesEmptySegmentsAlone) {
  EXPECT_EQ(ParseTarget("//a//b/").value().path, "//a//b/");
}

TEST(TargetTest, RefusesOtherFormsAndWhatDecodesToTricks) {
  for (const char* target :
       {"",         "*",        "a",        "a:80",    "http://a/",  "/a#b",
        "/..",      "/a/../b",  "/%2e%2E",  "/a/.",    "/./a",       "/a%2Fb",
        "/a%5cb",   "/a%00",    "/a?b=%00", "/a%0A",   "/%",         "/%2",
        "/%zz",     "/a?%",     "/%ff",     "/%C0%AF", "/%ED%A0%80", "/%F4%90%80%80",
        "/%E2%82",  "/a?b=%80", "/a b",     "/<a>",    "/a\\b",      "/\x7f",
        "/\xC3\xA4"}) {
    const auto parsed = ParseTarget(target);
    ASSERT_FALSE(parsed) << target;
    EXPECT_EQ(parsed.error().status, 400);
    EXPECT_FALSE(parsed.error().detail.empty());
  }
}

}  // namespace
}  // namespace verbatim::http
