// The server over real sockets: bodies of requests, their limits and time-outs.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "tests/raw_http_client.h"
#include "tests/running_http_server.h"

namespace verbatim::http {
namespace {

using std::chrono::milliseconds;
using tests::RawHttpClient;
using tests::RunningHttpServer;

// Answers with the size of the request's body.
Task<void> Count(Exchange& exchange) {
  std::string piece(65536, '\0');
  size_t size = 0;
  while (true) {
    const Result<size_t> read = co_await exchange.Read(piece);
    if (!read) co_return;
    if (*read == 0) break;
    size += *read;
  }
  co_await exchange.Send(MakeResponse(200, "text/plain", std::to_string(size)));
}

// Answers without a look at the body.
Task<void> Ignore(Exchange& exchange) {
  co_await exchange.Send(MakeResponse(409, "text/plain", "no"));
}

std::string Post(std::string_view path, std::string_view fields) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

TEST(ServerBodyTest, AsksForABodyWhenItIsRead) {
  const RunningHttpServer server({}, {{"POST", "/count", Count, 100}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Post("/count", "Expect: 100-continue\r\nContent-Length: 3\r\n")));
  EXPECT_EQ(client.ReceiveUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.Send("abc"));
  EXPECT_EQ(client.ReceiveResponse().value().body, "3");
  // One that does not wait is not asked.
  ASSERT_TRUE(client.Send(Post("/count", "Expect: 100-Continue\r\nContent-Length: 3\r\n") + "abc"));
  EXPECT_EQ(client.ReceiveResponse().value().body, "3");
}

TEST(ServerBodyTest, DoesNotAskForABodyThatIsNotWanted) {
  const RunningHttpServer server({},
                                 {{"POST", "/ignore", Ignore, 1000}, {"POST", "/none", Ignore}});
  for (const std::string_view path : {"/ignore", "/none"}) {
    RawHttpClient client(server.port());
    ASSERT_TRUE(client.Send(Post(path, "Expect: 100-continue\r\nContent-Length: 3\r\n")));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 409);
    // The client may send the body or not: no one could tell where the next request begins.
    EXPECT_EQ(response->headers.at("connection"), "close");
  }
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Post("/ignore", "Expect: 100-continue\r\nContent-Length: 100000\r\n")));
  EXPECT_EQ(client.ReceiveResponse().value().status, 413);
}

TEST(ServerBodyTest, RefusesABodyOverTheLimit) {
  const RunningHttpServer server({}, {{"POST", "/count", Count, 100'000}});
  {
    RawHttpClient client(server.port());
    ASSERT_TRUE(
        client.Send(Post("/count", "Content-Length: 100000\r\n") + std::string(100'000, 'a')));
    EXPECT_EQ(client.ReceiveResponse().value().body, "100000");
  }
  for (const std::string& request :
       {Post("/count", "Content-Length: 100001\r\n") + std::string(100'001, 'a'),
        Post("/count", "Transfer-Encoding: chunked\r\n") + "186A1\r\n" + std::string(100'001, 'a') +
            "\r\n0\r\n\r\n"}) {
    RawHttpClient client(server.port());
    ASSERT_TRUE(client.Send(request));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 413);
    EXPECT_EQ(response->headers.at("connection"), "close");
  }
}

TEST(ServerBodyTest, DropsASmallBodyThatNoOneReads) {
  const RunningHttpServer server(
      {}, {{"POST", "/ignore", Ignore, kUnlimitedBody}, {"POST", "/none", Ignore}});
  RawHttpClient client(server.port());
  const std::string body(60'000, 'a');
  for (const std::string_view path : {"/ignore", "/none", "/nowhere"}) {
    ASSERT_TRUE(client.Send(Post(path, "Content-Length: 60000\r\n") + body));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, path == "/nowhere" ? 404 : 409);
    EXPECT_FALSE(response->headers.contains("connection"));
  }
  ASSERT_TRUE(client.Send(Post("/none", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"));
  EXPECT_EQ(client.ReceiveResponse().value().status, 409);
}

TEST(ServerBodyTest, ABigBodyThatNoOneReadsEndsTheConnection) {
  const RunningHttpServer server(
      {}, {{"POST", "/ignore", Ignore, kUnlimitedBody}, {"POST", "/none", Ignore}});
  const std::string body(4'000'000, 'a');
  for (const std::string_view path : {"/ignore", "/none"}) {
    RawHttpClient client(server.port());
    // The client can send all of it, and read the answer afterwards.
    ASSERT_TRUE(client.Send(Post(path, "Content-Length: 4000000\r\n") + body));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, path == "/none" ? 413 : 409);
    EXPECT_EQ(response->headers.at("connection"), "close");
    EXPECT_EQ(client.ReceiveAll(), "");
    EXPECT_TRUE(client.is_at_end());
  }
}

TEST(ServerBodyTest, DropsWhoSendsNothing) {
  ServerOptions options;
  options.body_idle_timeout = milliseconds(100);
  const RunningHttpServer server(std::move(options), {{"POST", "/count", Count, 1000}});
  for (const std::string_view framing :
       {"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    RawHttpClient client(server.port());
    ASSERT_TRUE(client.Send("POST /count HTTP/1.1\r\nHost: a\r\n" + std::string(framing)));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 408);
    EXPECT_EQ(response->headers.at("connection"), "close");
  }
}

TEST(ServerBodyTest, DropsWhoSendsTooSlowly) {
  ServerOptions options;
  options.body_idle_timeout = milliseconds(200);
  options.body_bytes_per_second_min = 1000;
  const RunningHttpServer server(std::move(options), {{"POST", "/count", Count, 1000}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Post("/count", "Content-Length: 1000\r\n")));
  int sent = 0;
  while (!client.HasInput() && sent < 1000) {
    if (!client.Send("a")) break;
    ++sent;
    std::this_thread::sleep_for(milliseconds(10));  // a tenth of the least rate
  }
  EXPECT_LT(sent, 200);
  EXPECT_EQ(client.ReceiveResponse().value().status, 408);
}

TEST(ServerBodyTest, KeepsWhoSendsFastEnough) {
  ServerOptions options;
  options.body_idle_timeout = milliseconds(600);
  options.body_bytes_per_second_min = 1000;
  const RunningHttpServer server(std::move(options), {{"POST", "/count", Count, 100'000}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Post("/count", "Content-Length: 11200\r\n")));
  for (int i = 0; i < 16; ++i) {  // longer in all than the time-out
    ASSERT_TRUE(client.Send(std::string(700, 'a')));
    std::this_thread::sleep_for(milliseconds(45));
  }
  EXPECT_EQ(client.ReceiveResponse().value().body, "11200");
}

TEST(ServerBodyTest, TheHandlersOwnTimeDoesNotCount) {
  ServerOptions options;
  options.body_idle_timeout = milliseconds(100);
  const Handler slow = [](Exchange& exchange) -> Task<void> {
    std::string piece(1000, '\0');
    const Result<size_t> first = co_await exchange.Read(piece);
    const auto wakeup = exchange.MakeWakeup();
    co_await wakeup->Wait(milliseconds(300));
    const Result<size_t> second = co_await exchange.Read(piece);
    const std::string text = std::to_string(first.value_or(0)) + std::to_string(second.value_or(0));
    co_await exchange.Send(MakeResponse(200, "text/plain", text));
  };
  const RunningHttpServer server(std::move(options), {{"POST", "/slow", slow, 2000}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Post("/slow", "Content-Length: 1003\r\n") + std::string(1003, 'a')));
  EXPECT_EQ(client.ReceiveResponse().value().body, "10003");
}

TEST(ServerBodyTest, AnAborterEndsARead) {
  std::promise<std::function<void()>> aborter;
  std::promise<ErrorCode> ended;
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    aborter.set_value(exchange.MakeAborter());
    std::string piece(1000, '\0');
    while (true) {
      const Result<size_t> read = co_await exchange.Read(piece);
      if (read) continue;
      ended.set_value(read.error().code);
      const Result<size_t> again = co_await exchange.Read(piece);
      EXPECT_EQ(again.error().code, ErrorCode::kCancelled);
      break;
    }
    co_await exchange.Send(MakeResponse(423, "text/plain", "taken over"));
  };
  const RunningHttpServer server({}, {{"POST", "/", handler, 1000}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Post("/", "Content-Length: 10\r\n") + "abc"));
  const std::function<void()> abort = aborter.get_future().get();
  abort();
  EXPECT_EQ(ended.get_future().get(), ErrorCode::kCancelled);
  const auto response = client.ReceiveResponse();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 423);
  EXPECT_EQ(response->headers.at("connection"), "close");
  client.ReceiveAll();
  abort();  // too late, and harmless
}

TEST(ServerBodyTest, SeesThatTheClientIsGone) {
  std::promise<ErrorCode> ended;
  std::promise<int> status;
  ServerOptions options;
  options.on_outcome = [&](const Outcome& outcome) { status.set_value(outcome.status); };
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    const std::stop_token stop = exchange.stop();
    const Result<std::string> body = co_await exchange.ReadAll(1000);
    EXPECT_TRUE(stop.stop_requested());
    ended.set_value(body.error().code);
  };
  const RunningHttpServer server(std::move(options), {{"POST", "/", handler, 1000}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Post("/", "Content-Length: 10\r\n") + "abc"));
  client.Close();
  EXPECT_EQ(ended.get_future().get(), ErrorCode::kIo);
  EXPECT_EQ(status.get_future().get(), 0);
}

// While the handler takes nothing, the client cannot send more than buffers of sockets hold.
TEST(ServerBodyTest, AClientWaitsForASlowHandler) {
  std::promise<std::shared_ptr<Wakeup>> waiting;
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    const auto wakeup = exchange.MakeWakeup();
    waiting.set_value(wakeup);
    co_await wakeup->Wait(milliseconds(10'000));
    co_await Count(exchange);
  };
  const RunningHttpServer server({}, {{"POST", "/", handler, kUnlimitedBody}});
  constexpr size_t kSize = 64 << 20;
  RawHttpClient client(server.port());
  std::atomic<size_t> sent = 0;
  ASSERT_TRUE(client.Send(Post("/", "Content-Length: " + std::to_string(kSize) + "\r\n")));
  std::thread sender([&] {
    const std::string piece(1 << 16, 'a');
    while (sent < kSize && client.Send(piece)) sent += piece.size();
  });
  const std::shared_ptr<Wakeup> wakeup = waiting.get_future().get();
  size_t before = 0;
  do {
    before = sent;
    std::this_thread::sleep_for(milliseconds(100));
  } while (sent > before);
  EXPECT_LT(sent, kSize / 2);
  wakeup->Notify();
  sender.join();
  EXPECT_EQ(sent, kSize);
  EXPECT_EQ(client.ReceiveResponse().value().body, std::to_string(kSize));
}

}  // namespace
}  // namespace verbatim::http
