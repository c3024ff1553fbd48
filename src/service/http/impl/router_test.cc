#include "http/impl/router.h"

#include <gtest/gtest.h>

namespace verbatim::http {
namespace {

Task<void> Nothing(Exchange&) { co_return; }

Router MakeRouter(const std::vector<std::pair<std::string, std::string>>& methods_and_patterns) {
  std::vector<Route> routes;
  for (const auto& [method, pattern] : methods_and_patterns) {
    routes.push_back({method, pattern, Nothing});
  }
  return Router::Make(std::move(routes)).value();
}

// The pattern that fits, with its parameters; or what is allowed.
std::string Find(const Router& router, std::string_view method, std::string_view path) {
  const Router::Match match = router.Find(method, path);
  if (match.route == nullptr) return "allowed: " + match.allowed;
  std::string text = match.route->pattern;
  for (const auto& [name, value] : match.parameters) {
    text += " " + std::string(name) + "=" + std::string(value);
  }
  return text;
}

TEST(RouterTest, FindsTheMostSpecificRoute) {
  const Router router = MakeRouter({{"GET", "/{any...}"},
                                    {"GET", "/jobs/{id}"},
                                    {"GET", "/jobs/new"},
                                    {"GET", "/jobs/{id}/{part}"},
                                    {"GET", "/jobs/{id}/files/{path...}"},
                                    {"GET", "/"}});
  EXPECT_EQ(Find(router, "GET", "/"), "/");
  EXPECT_EQ(Find(router, "GET", "/jobs/new"), "/jobs/new");
  EXPECT_EQ(Find(router, "GET", "/jobs/7"), "/jobs/{id} id=7");
  EXPECT_EQ(Find(router, "GET", "/jobs/7/media"), "/jobs/{id}/{part} id=7 part=media");
  EXPECT_EQ(Find(router, "GET", "/jobs/7/files/a/b"), "/jobs/{id}/files/{path...} id=7 path=a/b");
  EXPECT_EQ(Find(router, "GET", "/jobs/7/files/"), "/jobs/{id}/files/{path...} id=7 path=");
  EXPECT_EQ(Find(router, "GET", "/jobs/"), "/{any...} any=jobs/");
  EXPECT_EQ(Find(router, "GET", "//x"), "/{any...} any=/x");
  EXPECT_EQ(Find(router, "HEAD", "/jobs/7"), "/jobs/{id} id=7");
}

TEST(RouterTest, NamesWhatIsAllowed) {
  const Router router = MakeRouter(
      {{"GET", "/a/{id}"}, {"DELETE", "/a/{name}"}, {"POST", "/a/b"}, {"OPTIONS", "/a/b"}});
  EXPECT_EQ(Find(router, "PUT", "/a/b"), "allowed: DELETE, GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(Find(router, "PUT", "/a/c"), "allowed: DELETE, GET, HEAD");
  EXPECT_EQ(Find(router, "DELETE", "/a/b"), "/a/{name} name=b");
  EXPECT_EQ(Find(router, "HEAD", "/a"), "allowed: ");
  EXPECT_EQ(Find(router, "get", "/a/c"), "allowed: DELETE, GET, HEAD");
}

TEST(RouterTest, RefusesBrokenPatternsAndDoubles) {
  for (const char* pattern :
       {"", "a", "/{", "/{}", "/{a", "/a}", "/a{b}", "/{a}b", "/{...}", "/{a...}/b", "/{a}/{b"}) {
    EXPECT_FALSE(Router::Make({{"GET", pattern, Nothing}})) << pattern;
  }
  EXPECT_FALSE(Router::Make({{"GET", "/a/{b}", Nothing}, {"GET", "/a/{c}", Nothing}}));
  EXPECT_FALSE(
      Router::Make({{"GET", "/a", Nothing}, {"PUT", "/a", Nothing}, {"GET", "/a", Nothing}}));
  EXPECT_FALSE(Router::Make({{"GET", "/a", {}}}));
  EXPECT_TRUE(Router::Make({{"GET", "/a/{b}", Nothing}, {"PUT", "/a/{c}", Nothing}}));
  EXPECT_TRUE(Router::Make({}));
}

}  // namespace
}  // namespace verbatim::http
