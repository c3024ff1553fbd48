// The server over real sockets on the loopback device.
#include "http/server.h"

#include <gtest/gtest.h>

#include "tests/raw_http_client.h"
#include "tests/running_http_server.h"

namespace verbatim::http {
namespace {

using std::chrono::milliseconds;
using tests::RawHttpClient;
using tests::RunningHttpServer;

Task<void> SayHello(Exchange& exchange) {
  co_await exchange.Send(MakeResponse(200, "text/plain", "hello"));
}

// Answers with the request's body.
Task<void> Echo(Exchange& exchange) {
  Result<std::string> body = co_await exchange.ReadAll(1 << 20);
  if (!body) co_return;
  co_await exchange.Send(MakeResponse(200, "text/plain", *std::move(body)));
}

std::vector<Route> SimpleRoutes() {
  return {{"GET", "/hello", SayHello}, {"POST", "/echo", Echo, 1 << 20}};
}

TEST(ServerTest, AnswersRequestAfterRequest) {
  const RunningHttpServer server({}, SimpleRoutes());
  RawHttpClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
  }
}

TEST(ServerTest, TakesABodyInChunks) {
  const RunningHttpServer server({}, SimpleRoutes());
  RawHttpClient client(server.port());
  ASSERT_TRUE(
      client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n"));
  const auto response = client.ReceiveResponse();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "abc0123456789");
}

}  // namespace
}  // namespace verbatim::http
