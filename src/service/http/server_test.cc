// The server over real sockets: requests, answers, connections.
#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/raw_http_client.h"
#include "tests/running_http_server.h"

namespace verbatim::http {
namespace {

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

// One request without a body.
std::string Ask(std::string_view line, std::string_view fields = "") {
  return std::string(line) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

TEST(ServerTest, AnswersRequestAfterRequest) {
  const RunningHttpServer server({}, SimpleRoutes());
  RawHttpClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send(Ask("GET /hello")));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
    EXPECT_FALSE(response->headers.contains("connection"));
    EXPECT_FALSE(response->headers.contains("server"));
    EXPECT_TRUE(response->headers.contains("date"));
  }
}

TEST(ServerTest, AnswersAPipelineInOrder) {
  const RunningHttpServer server({}, SimpleRoutes());
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Ask("POST /echo", "Content-Length: 1\r\n") + "1" + Ask("GET /hello") +
                          Ask("POST /echo", "Transfer-Encoding: chunked\r\n") +
                          "1\r\n2\r\n0\r\n\r\n" + Ask("GET /none") + Ask("GET /hello")));
  std::string bodies;
  for (int i = 0; i < 3; ++i) bodies += client.ReceiveResponse().value().body + " ";
  EXPECT_EQ(bodies, "1 hello 2 ");
  EXPECT_EQ(client.ReceiveResponse().value().status, 404);
  EXPECT_EQ(client.ReceiveResponse().value().body, "hello");
}

TEST(ServerTest, TakesABodyInChunks) {
  const RunningHttpServer server({}, SimpleRoutes());
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Ask("POST /echo", "Transfer-Encoding: chunked\r\n") +
                          "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n"));
  const auto response = client.ReceiveResponse();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "abc0123456789");
}

TEST(ServerTest, HeadIsGetWithoutTheBody) {
  const RunningHttpServer server({}, SimpleRoutes());
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Ask("HEAD /hello") + Ask("GET /hello")));
  const auto head = client.ReceiveResponse("HEAD");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.at("content-length"), "5");
  EXPECT_EQ(client.ReceiveResponse().value().body, "hello");
}

TEST(ServerTest, NamesTheMethodsThatAPathTakes) {
  std::vector<Route> routes = SimpleRoutes();
  routes.push_back({"DELETE", "/hello", SayHello});
  const RunningHttpServer server({}, std::move(routes));
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Ask("POST /hello") + Ask("OPTIONS /echo") + Ask("GET /hello/")));
  auto response = client.ReceiveResponse();
  EXPECT_EQ(response.value().status, 405);
  EXPECT_EQ(response->headers["allow"], "DELETE, GET, HEAD");
  response = client.ReceiveResponse();
  EXPECT_EQ(response.value().status, 405);
  EXPECT_EQ(response->headers["allow"], "POST");
  EXPECT_EQ(client.ReceiveResponse().value().status, 404);
}

TEST(ServerTest, DecodesParametersAndTheQuery) {
  const Handler tell = [](Exchange& exchange) -> Task<void> {
    std::string text(exchange.parameter("id"));
    text += "|" + std::string(exchange.parameter("rest"));
    text += "|" + std::string(exchange.request().Query("q").value_or("none"));
    co_await exchange.Send(MakeResponse(200, "text/plain", std::move(text)));
  };
  const RunningHttpServer server({}, {{"GET", "/a/{id}/{rest...}", tell}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Ask("GET /a/x%20y/b/%C3%A4/?q=1%2B2+3&q=4")));
  EXPECT_EQ(client.ReceiveResponse().value().body, "x y|b/ä/|1+2 3");
}

TEST(ServerTest, ClosesWhenAskedTo) {
  const RunningHttpServer server({}, SimpleRoutes());
  for (const std::string& request :
       {Ask("GET /hello", "Connection: close\r\n"), Ask("GET /hello", "Connection: x, Close\r\n"),
        std::string("GET /hello HTTP/1.0\r\n\r\n"),
        std::string("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")}) {
    RawHttpClient client(server.port());
    ASSERT_TRUE(client.Send(request));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "hello");
    EXPECT_EQ(response->headers.at("connection"), "close");
    EXPECT_EQ(client.ReceiveAll(), "");
    EXPECT_TRUE(client.is_at_end());
  }
}

TEST(ServerTest, AddsTheServersOwnFields) {
  ServerOptions options;
  options.response_headers = {{"X-A", "server"}, {"X-B", "server"}};
  const Handler handler = [](Exchange& exchange) -> Task<void> {
    Response response = MakeResponse(200, "text/plain", "12345");
    response.headers.Set("x-b", "handler");
    response.headers.Set("Content-Length", "3");
    response.headers.Set("Connection", "upgrade");
    co_await exchange.Send(std::move(response));
  };
  const RunningHttpServer server(std::move(options), {{"GET", "/", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Ask("GET /")));
  const auto response = client.ReceiveResponse();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->headers.at("x-a"), "server");
  EXPECT_EQ(response->headers.at("x-b"), "handler");
  EXPECT_EQ(response->headers.at("content-length"), "5");
  EXPECT_FALSE(response->headers.contains("connection"));
}

TEST(ServerTest, AFieldThatWouldEndItsLineBecomesA500) {
  const Handler split_name = [](Exchange& exchange) -> Task<void> {
    Response response = MakeResponse(200, "text/plain", "secret");
    response.headers.Set("X-A: b\r\nEvil", "c");
    co_await exchange.Send(std::move(response));
  };
  const Handler no_status = [](Exchange& exchange) -> Task<void> {
    co_await exchange.Send(MakeResponse(100, "text/plain", "secret"));
  };
  const Handler line_feed = [](Exchange& exchange) -> Task<void> {
    Response response = MakeResponse(200, "text/plain\nEvil: c", "secret");
    co_await exchange.Begin(std::move(response));
  };
  const RunningHttpServer server(
      {},
      {{"GET", "/name", split_name}, {"GET", "/status", no_status}, {"GET", "/stream", line_feed}});
  for (const std::string path : {"/name", "/status", "/stream"}) {
    RawHttpClient client(server.port());
    ASSERT_TRUE(client.Send(Ask("GET " + path, "Connection: close\r\n")));
    const std::string received = client.ReceiveAll();
    EXPECT_TRUE(received.starts_with("HTTP/1.1 500 ")) << received;
    EXPECT_FALSE(received.contains("Evil"));
    EXPECT_FALSE(received.contains("secret"));
  }
}

TEST(ServerTest, QuestionsDoNotWaitBehindWhatChangesThings) {
  std::promise<void> answered;
  const Handler change = [&](Exchange& exchange) -> Task<void> {
    const auto wait = [&] { return answered.get_future().wait_for(std::chrono::seconds(20)); };
    const bool is_well = co_await exchange.Offload(wait) == std::future_status::ready;
    co_await exchange.Send(MakeResponse(is_well ? 200 : 500, "text/plain", ""));
  };
  const Handler ask = [](Exchange& exchange) -> Task<void> {
    const auto work = [] { return 200; };
    co_await exchange.Send(MakeResponse(co_await exchange.Offload(work), "text/plain", ""));
  };
  ServerOptions options;
  options.blocking_threads = 1;
  const RunningHttpServer server(std::move(options), {{"DELETE", "/", change}, {"GET", "/", ask}});
  RawHttpClient first(server.port());
  RawHttpClient second(server.port());
  ASSERT_TRUE(first.Send(Ask("DELETE /")));
  ASSERT_TRUE(second.Send(Ask("GET /")));
  EXPECT_EQ(second.ReceiveResponse().value().status, 200);
  answered.set_value();
  EXPECT_EQ(first.ReceiveResponse().value().status, 200);
}

TEST(ServerTest, AHandlerThatFailsIsA500AndTheConnectionGoesOn) {
  const Handler throws = [](Exchange& exchange) -> Task<void> {
    if (exchange.request().path == "/throw") throw std::runtime_error("secret");
    if (exchange.request().path == "/int") throw 5;
    co_return;
  };
  const Handler throws_in_pool = [](Exchange& exchange) -> Task<void> {
    const auto work = [] { return std::stoi("secret"); };
    co_await exchange.Offload(work);
  };
  const Handler twice = [](Exchange& exchange) -> Task<void> {
    co_await exchange.Send(MakeResponse(200, "text/plain", "first"));
    const Result<void> second = co_await exchange.Send(MakeResponse(200, "text/plain", "second"));
    EXPECT_EQ(second.error().code, ErrorCode::kInternal);
    throw std::runtime_error("secret");
  };
  const RunningHttpServer server({}, {{"GET", "/throw", throws},
                                      {"GET", "/int", throws},
                                      {"GET", "/silent", throws},
                                      {"GET", "/pool", throws_in_pool},
                                      {"GET", "/twice", twice}});
  RawHttpClient client(server.port());
  for (const std::string path : {"/throw", "/int", "/silent", "/pool"}) {
    ASSERT_TRUE(client.Send(Ask("GET " + path)));
    const auto response = client.ReceiveResponse();
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(response->status, 500);
    EXPECT_FALSE(response->body.contains("secret"));
  }
  ASSERT_TRUE(client.Send(Ask("GET /twice") + Ask("GET /none")));
  EXPECT_EQ(client.ReceiveResponse().value().body, "first");
  EXPECT_EQ(client.ReceiveResponse().value().status, 404);
}

TEST(ServerTest, SomeAnswersHaveNoBody) {
  const Handler handler = [](Exchange& exchange) -> Task<void> {
    const int status = exchange.request().path == "/204" ? 204 : 304;
    co_await exchange.Send(MakeResponse(status, "text/plain", "lost"));
  };
  const RunningHttpServer server({}, {{"GET", "/204", handler}, {"GET", "/304", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Ask("GET /204") + Ask("GET /304") + Ask("GET /none")));
  for (const int status : {204, 304}) {
    const auto response = client.ReceiveHead();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, status);
    EXPECT_FALSE(response->headers.contains("content-length"));
  }
  EXPECT_EQ(client.ReceiveResponse().value().status, 404);
}

TEST(ServerTest, TellsWhatCameOfEachRequest) {
  struct Seen {
    std::string text;
    uint64_t received;
    uint64_t sent;
  };
  std::mutex mutex;
  std::vector<Seen> seen;
  ServerOptions options;
  options.make_refusal = [](int status, std::string_view detail) {
    return MakeResponse(status, "application/x", "refused: " + std::string(detail));
  };
  options.on_outcome = [&](const Outcome& outcome) {
    const std::lock_guard lock(mutex);
    seen.push_back({std::string(outcome.method) + " " + std::string(outcome.pattern) + " " +
                        std::string(outcome.target) + " " + std::string(outcome.remote_address) +
                        " " + std::to_string(outcome.status),
                    outcome.bytes_received, outcome.bytes_sent});
  };
  const std::string first = Ask("POST /echo?a", "Content-Length: 3\r\n") + "abc";
  {
    const RunningHttpServer server(std::move(options), SimpleRoutes());
    RawHttpClient client(server.port());
    ASSERT_TRUE(client.Send(first + Ask("GET /none") + "GET\r\n\r\n"));
    const std::string received = client.ReceiveAll();
    EXPECT_TRUE(received.contains("application/x\r\n"));
    EXPECT_TRUE(received.contains("refused: The request's method is not a word."));
  }
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].text, "POST /echo /echo?a 127.0.0.1 200");
  EXPECT_EQ(seen[0].received, first.size());
  EXPECT_GT(seen[0].sent, 60U);
  EXPECT_EQ(seen[1].text, "GET  /none 127.0.0.1 404");
  EXPECT_EQ(seen[1].received, Ask("GET /none").size());
  EXPECT_EQ(seen[2].text, "   127.0.0.1 400");
}

TEST(ServerTest, SaysWhyItCannotStart) {
  QuietLog log;
  ServerOptions options;
  const auto first = Server::Open(options, SimpleRoutes(), log);
  ASSERT_TRUE(first);
  options.port = (*first)->port();
  EXPECT_EQ(Server::Open(options, SimpleRoutes(), log).error().code, ErrorCode::kBusy);
  options.port = 0;
  options.address = "localhost";
  EXPECT_EQ(Server::Open(options, {}, log).error().code, ErrorCode::kInvalidArgument);
  options.address = "192.0.2.1";  // of no machine
  EXPECT_EQ(Server::Open(options, {}, log).error().code, ErrorCode::kInvalidArgument);
  options.address = "127.0.0.1";
  std::vector<Route> alike = SimpleRoutes();
  alike.push_back({"GET", "/hello", SayHello});
  EXPECT_EQ(Server::Open(options, std::move(alike), log).error().code, ErrorCode::kInvalidArgument);
}

TEST(ServerTest, ServesIpv6) {
  ServerOptions options;
  options.address = "::1";
  QuietLog log;
  const auto server = Server::Open(options, SimpleRoutes(), log);
  if (!server) GTEST_SKIP() << "no IPv6 here: " << server.error().message;
  EXPECT_GT((*server)->port(), 0);
}

}  // namespace
}  // namespace verbatim::http
