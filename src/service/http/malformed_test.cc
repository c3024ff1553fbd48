// Sends every case of tests/data/http_malformed.json to a server, in three ways of splitting it,
// each with one more request behind it: one refusal comes back, the connection ends, and no handler
// sees a request.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "tests/raw_http_client.h"
#include "tests/running_http_server.h"

namespace verbatim::http {
namespace {

using tests::RawHttpClient;
using tests::RunningHttpServer;

constexpr std::string_view kOneMore = "GET /canary HTTP/1.1\r\nHost: a\r\n\r\n";

struct Case {
  std::string name;
  int status = 0;
  std::string raw;
};

// In the file a character stands for the byte of its number.
std::string Bytes(std::string_view utf8) {
  std::string bytes;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      bytes += utf8[i];
    } else {
      const auto next = static_cast<unsigned char>(utf8[++i]);
      bytes += static_cast<char>((byte & 0x03) << 6 | (next & 0x3F));
    }
  }
  return bytes;
}

std::vector<Case> ReadCases() {
  std::ifstream file(std::string(VERBATIM_ROOT) + "/tests/data/http_malformed.json");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const boost::json::value document = boost::json::parse(text);
  std::vector<Case> cases;
  for (const boost::json::value& item : document.at("cases").as_array()) {
    Case one;
    one.name = item.at("name").as_string();
    one.status = item.at("status").to_number<int>();
    for (const boost::json::value& part : item.at("raw").as_array()) {
      if (part.is_string()) {
        one.raw += Bytes(part.as_string());
        continue;
      }
      const std::string repeated = Bytes(part.at("repeat").as_string());
      for (int i = part.at("times").to_number<int>(); i > 0; --i) one.raw += repeated;
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

// Status lines: "HTTP/1.1" and a number.
size_t CountAnswers(std::string_view received) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  size_t count = 0;
  size_t at = received.find(kVersion);
  while (at != std::string_view::npos) {
    at += kVersion.size();
    if (at < received.size() && received[at] >= '1' && received[at] <= '5') ++count;
    at = received.find(kVersion, at);
  }
  return count;
}

class MalformedTest : public testing::TestWithParam<int> {
 protected:
  // The next piece to send of what is left.
  size_t PieceSize(size_t left) {
    if (GetParam() == 0) return left;
    if (GetParam() == 1) return 1;
    return std::min(left, std::uniform_int_distribution<size_t>(1, 40)(random_));
  }

  // Stops as soon as an answer comes, as any client would.
  std::string Exchange(uint16_t port, std::string_view bytes) {
    RawHttpClient client(port);
    while (!bytes.empty() && !client.HasInput()) {
      const size_t size = PieceSize(bytes.size());
      if (!client.Send(bytes.substr(0, size))) break;
      bytes.remove_prefix(size);
    }
    std::string received = client.ReceiveAll();
    EXPECT_TRUE(client.is_at_end());
    return received;
  }

  std::mt19937 random_{20};
};

TEST_P(MalformedTest, IsRefusedOnceAndNothingBehindItIsRead) {
  std::atomic<int> handled = 0;
  std::atomic<int> smuggled = 0;
  const Handler read_all = [&](http::Exchange& exchange) -> Task<void> {
    const Result<std::string> body = co_await exchange.ReadAll(1 << 20);
    if (!body) co_return;
    ++handled;
    co_await exchange.Send(MakeResponse(200, "text/plain", "taken"));
  };
  const Handler never = [&](http::Exchange& exchange) -> Task<void> {
    ++smuggled;
    co_await exchange.Send(MakeResponse(200, "text/plain", "smuggled"));
  };
  const RunningHttpServer server({}, {{"POST", "/api/jobs", read_all, kUnlimitedBody},
                                      {"GET", "/healthz", read_all},
                                      {"GET", "/smuggled", never},
                                      {"GET", "/canary", never}});
  const std::vector<Case> cases = ReadCases();
  ASSERT_GE(cases.size(), 400U);
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const std::string received = Exchange(server.port(), one.raw + std::string(kOneMore));
    EXPECT_EQ(CountAnswers(received), 1U) << received.substr(0, 300);
    EXPECT_TRUE(received.starts_with("HTTP/1.1 " + std::to_string(one.status)))
        << received.substr(0, 40);
    EXPECT_TRUE(received.contains("\r\nConnection: close\r\n"));
    EXPECT_EQ(handled, 0);
    EXPECT_EQ(smuggled, 0);
  }
}

std::string NameOfSplit(const testing::TestParamInfo<int>& test) {
  static constexpr std::array<std::string_view, 3> kNames = {"Whole", "ByteByByte", "Random"};
  return std::string(kNames.at(static_cast<size_t>(test.param)));
}

INSTANTIATE_TEST_SUITE_P(Splits, MalformedTest, testing::Values(0, 1, 2), NameOfSplit);

// That the harness above would notice: the same ways, with requests that are right.
TEST_P(MalformedTest, WhatIsRightIsTaken) {
  std::atomic<int> handled = 0;
  const Handler count = [&](http::Exchange& exchange) -> Task<void> {
    const Result<std::string> body = co_await exchange.ReadAll(1 << 20);
    handled += body ? 1 : 100;
    co_await exchange.Send(MakeResponse(200, "text/plain", body.value_or("broken")));
  };
  const RunningHttpServer server({}, {{"POST", "/a", count, kUnlimitedBody}, {"GET", "/b", count}});
  RawHttpClient client(server.port());
  std::string_view bytes =
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "23\r\nGET /b HTTP/1.1\r\nHost: smuggled\r\n\r\n\r\n0\r\n\r\n"
      "POST /a HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 28\r\nConnection: close\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
  while (!bytes.empty()) {
    const size_t size = PieceSize(bytes.size());
    if (!client.Send(bytes.substr(0, size))) break;
    bytes.remove_prefix(size);
  }
  const std::string received = client.ReceiveAll();
  EXPECT_EQ(CountAnswers(received), 2U) << received;
  EXPECT_EQ(handled, 2);
}

}  // namespace
}  // namespace verbatim::http
