#include "listen_address.h"

#include <gtest/gtest.h>

namespace verbatim::app {
namespace {

TEST(ListenAddressTest, TakesAddressesOfBothFamilies) {
  const Result<ListenAddress> ipv4 = ParseListenAddress("127.0.0.1:8090");
  ASSERT_TRUE(ipv4);
  EXPECT_EQ(ipv4->address, "127.0.0.1");
  EXPECT_EQ(ipv4->port, 8090);
  const Result<ListenAddress> ipv6 = ParseListenAddress("[::1]:0");
  ASSERT_TRUE(ipv6);
  EXPECT_EQ(ipv6->address, "::1");
  EXPECT_EQ(ipv6->port, 0);
  EXPECT_EQ(ParseListenAddress("localhost:1")->address, "127.0.0.1");
}

TEST(ListenAddressTest, RefusesWhatIsNone) {
  for (const char* text :
       {"", "8090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80a",
        "::1:80", "example.org:80", "[127.0.0.1]:80", ":80", "256.0.0.1:80"}) {
    EXPECT_FALSE(ParseListenAddress(text)) << text;
  }
}

TEST(ListenAddressTest, KnowsWhatThisMachineAloneReaches) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(ParseListenAddress(text)->is_loopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "192.168.1.2:1", "[fe80::1]:1",
                           "[::ffff:10.0.0.1]:1", "128.0.0.1:1"}) {
    EXPECT_FALSE(ParseListenAddress(text)->is_loopback()) << text;
  }
}

TEST(ListenAddressTest, UrlsHaveBracketsAroundIpv6) {
  EXPECT_EQ(HttpUrl("127.0.0.1", 80), "http://127.0.0.1:80");
  EXPECT_EQ(HttpUrl("::1", 80), "http://[::1]:80");
}

}  // namespace
}  // namespace verbatim::app
