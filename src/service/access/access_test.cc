// The plain rules: scopes, secrets, addresses, rates.
#include "access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "access/secret.h"

namespace verbatim::access {
namespace {

using ::testing::ElementsAre;

TEST(ScopeTest, EachAllowsWhatThoseBeforeItDo) {
  EXPECT_TRUE(Covers(Scope::kAdmin, Scope::kRead));
  EXPECT_TRUE(Covers(Scope::kUpload, Scope::kUpload));
  EXPECT_FALSE(Covers(Scope::kRead, Scope::kUpload));
  EXPECT_FALSE(Covers(Scope::kUpload, Scope::kAdmin));
  for (const Scope scope : {Scope::kRead, Scope::kUpload, Scope::kAdmin}) {
    EXPECT_EQ(ParseScope(ScopeName(scope)), scope);
  }
  EXPECT_FALSE(ParseScope("root"));
  EXPECT_FALSE(ParseScope(""));
}

TEST(PolicyTest, WhenATokenIsAskedFor) {
  for (const bool is_loopback : {false, true}) {
    for (const bool has_tokens : {false, true}) {
      EXPECT_TRUE(IsRequired(Auth::kRequired, is_loopback, has_tokens));
      EXPECT_FALSE(IsRequired(Auth::kOff, is_loopback, has_tokens));
      EXPECT_EQ(IsRequired(Auth::kAuto, is_loopback, has_tokens), has_tokens || !is_loopback);
    }
  }
}

TEST(SecretTest, HasItsFormAndNeverComesAgain) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string secret = MakeTokenSecret();
    EXPECT_EQ(secret.size(), 68U);
    EXPECT_TRUE(secret.starts_with("vbt_"));
    EXPECT_TRUE(HasToken(secret));
    EXPECT_TRUE(seen.insert(secret).second);
  }
  EXPECT_EQ(MakeSessionSecret().size(), 64U);
  EXPECT_FALSE(HasToken(MakeSessionSecret()));
}

TEST(SecretTest, TokensAreMasked) {
  const std::string secret = MakeTokenSecret();
  EXPECT_EQ(WithoutTokens("/a?q=" + secret + "&r=" + secret), "/a?q=vbt_...&r=vbt_...");
  EXPECT_EQ(WithoutTokens(secret.substr(0, 40) + "/x"), "vbt_.../x");
  for (const char* plain : {"", "/api/jobs", "vbt_notes.mp4", "vbt_vbt_", "vbt_0123456789"}) {
    EXPECT_EQ(WithoutTokens(plain), plain);
    EXPECT_FALSE(HasToken(plain)) << plain;
  }
}

bool Contains(std::string_view network, std::string_view address) {
  const Result<Network> parsed = Network::Parse(network);
  EXPECT_TRUE(parsed) << network;
  return parsed && parsed->Contains(address);
}

TEST(NetworkTest, KnowsItsAddresses) {
  EXPECT_TRUE(Contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(Contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(Contains("192.168.1.128/25", "192.168.1.200"));
  EXPECT_FALSE(Contains("192.168.1.128/25", "192.168.1.127"));
  EXPECT_TRUE(Contains("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(Contains("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(Contains("0.0.0.0/0", "203.0.113.7"));
  EXPECT_FALSE(Contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(Contains("::/0", "2001:db8::1"));
  EXPECT_TRUE(Contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(Contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(Contains("127.0.0.1", "::ffff:127.0.0.1"));
  EXPECT_FALSE(Contains("10.0.0.0/8", "no address"));
}

TEST(NetworkTest, WhatIsNoneIsRefused) {
  for (const char* text : {"", "ten", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/-1",
                           "10.0.0.0/8x", "10.0.0.256"}) {
    EXPECT_FALSE(Network::Parse(text)) << text;
  }
  EXPECT_FALSE(ParseNetworks("10.0.0.0/8, nonsense"));
  EXPECT_EQ(ParseNetworks(" 10.0.0.0/8 ,, ::1 ")->size(), 2U);
  EXPECT_THAT(SplitList(" a, b ,,c "), ElementsAre("a", "b", "c"));
}

TEST(ClientAddressTest, OnlyTrustedProxiesAreBelieved) {
  const std::vector<Network> proxies = *ParseNetworks("10.0.0.0/8, ::1");
  EXPECT_EQ(ClientAddress("203.0.113.1", "1.2.3.4", proxies), "203.0.113.1");
  EXPECT_EQ(ClientAddress("10.0.0.1", "", proxies), "10.0.0.1");
  EXPECT_EQ(ClientAddress("10.0.0.1", "1.2.3.4", proxies), "1.2.3.4");
  EXPECT_EQ(ClientAddress("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", proxies), "1.2.3.4");
  EXPECT_EQ(ClientAddress("::1", "10.9.9.9", proxies), "10.9.9.9");
  EXPECT_EQ(ClientAddress("10.0.0.1", "1.2.3.4, nonsense", proxies), "10.0.0.1");
  EXPECT_EQ(ClientAddress("10.0.0.1", "1.2.3.4", {}), "10.0.0.1");
}

TEST(ClientAddressTest, AHouseholdIsCountedAsOne) {
  EXPECT_EQ(CountedAs("203.0.113.1"), "203.0.113.1");
  EXPECT_EQ(CountedAs("2001:db8:1:2::1"), CountedAs("2001:db8:1:2:ffff::9"));
  EXPECT_NE(CountedAs("2001:db8:1:2::1"), CountedAs("2001:db8:1:3::1"));
  for (const char* address : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"128.0.0.1", "::2", "fe80::1", ""}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(RateLimiterTest, SoManyAtOnceThenEvenly) {
  RateLimiter limiter(10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limiter.Take("a", 0), 0) << i;
  EXPECT_EQ(limiter.Wait("a", 0), 6000);
  EXPECT_EQ(limiter.Take("a", 0), 6000);
  EXPECT_EQ(limiter.Take("b", 0), 0);
  EXPECT_EQ(limiter.Take("a", 5999), 1);
  EXPECT_EQ(limiter.Take("a", 6000), 0);
  EXPECT_GT(limiter.Take("a", 6000), 0);
  int taken = 0;  // of a client that never stops asking
  for (int64_t ms = 6000; ms < 6000 + 600'000; ms += 100) taken += limiter.Take("a", ms) == 0;
  EXPECT_EQ(taken, 99);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limiter.Take("a", 10'000'000), 0) << i;
}

TEST(RateLimiterTest, ItsTableIsBounded) {
  RateLimiter limiter(1, 3);
  for (const char* client : {"a", "b", "c"}) EXPECT_EQ(limiter.Take(client, 0), 0);
  EXPECT_GT(limiter.Take("a", 1), 0);
  EXPECT_EQ(limiter.Take("d", 1), 0);  // "a" was first, so it is forgotten
  EXPECT_EQ(limiter.Take("a", 1), 0);
  EXPECT_GT(limiter.Take("d", 1), 0);
}

TEST(RateLimiterTest, LimitsChangeAtOnce) {
  RateLimiter limiter(0);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter.Take("a", 0), 0);
  limiter.SetPerMinute(2);
  EXPECT_EQ(limiter.Take("a", 0), 0);
  EXPECT_EQ(limiter.Take("a", 0), 0);
  EXPECT_EQ(limiter.Take("a", 0), 30'000);
  limiter.SetPerMinute(0);
  EXPECT_EQ(limiter.Take("a", 0), 0);
}

}  // namespace
}  // namespace verbatim::access
