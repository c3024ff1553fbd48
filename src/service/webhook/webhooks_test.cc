#include "webhook/webhooks.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "webhook/impl/post.h"

namespace verbatim::webhook {
namespace {

bool IsPublicText(const char* text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text, &v6->sin6_addr), 1) << text;
    v6->sin6_family = AF_INET6;
  }
  return IsPublic(reinterpret_cast<sockaddr&>(storage));
}

TEST(WebhooksTest, OnlyAddressesOfTheInternetArePublic) {
  for (const char* text :
       {"0.0.0.0",          "10.1.2.3",        "100.64.0.1",         "127.0.0.1", "127.255.255.255",
        "169.254.169.254",  "172.16.0.1",      "172.31.255.255",     "192.0.0.8", "192.168.1.1",
        "198.18.0.1",       "224.0.0.1",       "255.255.255.255",    "::",        "::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "fc00::1",   "fd12::1",
        "fe80::1",          "ff02::1",         "2002:7f00:1::",      "2001::1",   "2001:db8::1",
        "4000::1"}) {
    EXPECT_FALSE(IsPublicText(text)) << text;
  }
  for (const char* text : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
                           "172.15.0.1", "172.32.0.1", "192.167.1.1", "223.1.1.1",
                           "2606:4700::1111", "::ffff:1.1.1.1", "2001:4860:4860::8888"}) {
    EXPECT_TRUE(IsPublicText(text)) << text;
  }
}

// Computed with Python: hmac.new(b"secret", b"1700000000.{}", "sha256").hexdigest().
TEST(WebhooksTest, TheSignatureIsThatOfTheDocs) {
  EXPECT_EQ(Signature("secret", 1'700'000'000, "{}"),
            "t=1700000000,v1="
            "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163");
}

TEST(WebhooksTest, ALoopbackAddressIsRefusedBeforeItIsConnectedTo) {
  Post post;
  post.url = "http://127.0.0.1:1/";
  const Result<void> sent = Send(post, {});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kInvalidArgument);
  post.allows_private = true;
  EXPECT_EQ(Send(post, {}).error().code, ErrorCode::kIo);  // nobody listens there
  post.url = "file:///etc/passwd";
  EXPECT_EQ(Send(post, {}).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace verbatim::webhook
