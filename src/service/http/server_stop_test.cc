// The server over real sockets: time-outs of connections, how many there may be, and the end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "tests/raw_http_client.h"
#include "tests/running_http_server.h"

namespace verbatim::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using tests::RawHttpClient;
using tests::RunningHttpServer;

constexpr milliseconds kLong{60'000};

std::string Get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

Task<void> SayHello(Exchange& exchange) {
  co_await exchange.Send(MakeResponse(200, "text/plain", "hello"));
}

TEST(ServerTimeTest, DropsWhoNeverEndsAHeader) {
  ServerOptions options;
  options.header_timeout = milliseconds(150);
  const RunningHttpServer server(std::move(options), {{"GET", "/", SayHello}});
  RawHttpClient slow(server.port());
  RawHttpClient silent(server.port());
  const std::string head = "GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  size_t sent = 0;
  while (sent < head.size() && !slow.HasInput() && slow.Send(head.substr(sent, 1))) {
    ++sent;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LT(sent, head.size()) << "the time begins anew with each byte";
  EXPECT_EQ(slow.ReceiveResponse().value().status, 408);
  EXPECT_EQ(silent.ReceiveAll(), "");
  EXPECT_TRUE(silent.is_at_end());
}

TEST(ServerTimeTest, ClosesAnIdleConnection) {
  ServerOptions options;
  options.keep_alive_timeout = milliseconds(150);
  const RunningHttpServer server(std::move(options), {{"GET", "/", SayHello}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  ASSERT_TRUE(client.ReceiveResponse());
  const auto begin = steady_clock::now();
  EXPECT_EQ(client.ReceiveAll(), "");
  EXPECT_TRUE(client.is_at_end());
  EXPECT_GE(steady_clock::now() - begin, milliseconds(100));
}

TEST(ServerLimitTest, RefusesConnectionsBeyondTheLimit) {
  for (const bool per_address : {false, true}) {
    ServerOptions options;
    (per_address ? options.connections_per_address_max : options.connections_max) = 2;
    const RunningHttpServer server(std::move(options), {{"GET", "/", SayHello}});
    auto first = std::make_unique<RawHttpClient>(server.port());
    RawHttpClient second(server.port());
    for (RawHttpClient* client : {first.get(), &second}) {
      ASSERT_TRUE(client->Send(Get("/")));
      EXPECT_EQ(client->ReceiveResponse().value().status, 200);
    }
    {
      RawHttpClient third(server.port());
      const auto response = third.ReceiveResponse();
      ASSERT_TRUE(response);
      EXPECT_EQ(response->status, 503);
      EXPECT_EQ(response->headers.at("connection"), "close");
    }
    first.reset();
    // The place is free again, once the server has noticed.
    int status = 0;
    for (int i = 0; i < 200 && status != 200; ++i) {
      RawHttpClient next(server.port());
      next.Send(Get("/"));
      const auto response = next.ReceiveResponse();
      status = response ? response->status : 0;
    }
    EXPECT_EQ(status, 200);
    // Those that stay are served as before.
    ASSERT_TRUE(second.Send(Get("/")));
    EXPECT_EQ(second.ReceiveResponse().value().status, 200);
  }
}

// Leaves `spare` descriptors to this process while it lives, whatever was open before.
class DescriptorShortage {
 public:
  explicit DescriptorShortage(size_t spare) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit tight = before_;
    tight.rlim_cur = std::min<rlim_t>(before_.rlim_cur, 256);
    setrlimit(RLIMIT_NOFILE, &tight);
    for (int fd = open("/dev/null", O_RDONLY); fd >= 0; fd = open("/dev/null", O_RDONLY))
      taken_.push_back(fd);
    for (; spare > 0 && !taken_.empty(); --spare) {
      close(taken_.back());
      taken_.pop_back();
    }
  }
  ~DescriptorShortage() {
    for (const int fd : taken_) close(fd);
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  DescriptorShortage(const DescriptorShortage&) = delete;
  DescriptorShortage& operator=(const DescriptorShortage&) = delete;

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

// Whoever comes while there are no descriptors waits, and is served when there are some again.
TEST(ServerLimitTest, OutlivesALackOfDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer itself needs descriptors, to see whether memory can be read";
#endif
  QuietLog log;
  const auto server = Server::Open({}, {{"GET", "/", SayHello}}, log);
  ASSERT_TRUE(server);
  std::vector<std::unique_ptr<RawHttpClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawHttpClient>((*server)->port()));
    ASSERT_TRUE(clients.back()->Send(Get("/")));
  }
  auto shortage = std::make_optional<DescriptorShortage>(4);
  std::thread thread([&] { (*server)->Run(); });
  const auto first = clients[0]->ReceiveResponse();
  EXPECT_TRUE(first);
  RawHttpClient& last = *clients.back();
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_FALSE(last.HasInput());
  shortage.reset();
  const auto second = last.ReceiveResponse();
  EXPECT_TRUE(second);
  (*server)->Stop(milliseconds(1'000));
  thread.join();
}

TEST(ServerStopTest, ClosesWhatIsIdleAtOnce) {
  RunningHttpServer server({}, {{"GET", "/", SayHello}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  ASSERT_TRUE(client.ReceiveResponse());
  const auto begin = steady_clock::now();
  server.Stop(kLong);
  EXPECT_LT(steady_clock::now() - begin, kLong / 2);
  EXPECT_EQ(client.ReceiveAll(), "");
  EXPECT_TRUE(client.is_at_end());
  const RawHttpClient late(server.port());
  EXPECT_FALSE(late.is_connected());
}

TEST(ServerStopTest, LetsARequestEnd) {
  std::promise<void> working;
  std::promise<void> may_end;
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    const auto work = [&] {
      working.set_value();
      may_end.get_future().get();
      return true;
    };
    co_await exchange.Offload(work);
    co_await exchange.Send(MakeResponse(200, "text/plain", "done"));
  };
  RunningHttpServer server({}, {{"GET", "/", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  working.get_future().get();
  server.BeginStop(kLong);
  may_end.set_value();
  const auto response = client.ReceiveResponse();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "done");
  EXPECT_EQ(client.ReceiveAll(), "");
  server.Stop(kLong);
}

TEST(ServerStopTest, EndsStreamsAndUploads) {
  std::promise<void> streaming;
  std::promise<void> uploading;
  std::promise<ErrorCode> read_ended;
  std::promise<bool> was_stopped;
  const Handler stream = [&](Exchange& exchange) -> Task<void> {
    const std::stop_token stop = exchange.stop();
    const auto wakeup = exchange.MakeWakeup();
    Response head;
    co_await exchange.Begin(std::move(head));
    streaming.set_value();
    const bool is_woken = co_await wakeup->Wait(kLong);
    EXPECT_FALSE(is_woken);
    was_stopped.set_value(stop.stop_requested());
    co_await exchange.Write("bye");
    co_await exchange.End();
  };
  const Handler upload = [&](Exchange& exchange) -> Task<void> {
    std::string piece(100, '\0');
    bool is_first = true;
    while (true) {
      const Result<size_t> read = co_await exchange.Read(piece);
      if (read && is_first) uploading.set_value();
      is_first = false;
      if (read) continue;
      read_ended.set_value(read.error().code);
      co_return;
    }
  };
  RunningHttpServer server({}, {{"GET", "/", stream}, {"POST", "/", upload, kUnlimitedBody}});
  RawHttpClient reader(server.port());
  RawHttpClient sender(server.port());
  ASSERT_TRUE(reader.Send(Get("/")));
  ASSERT_TRUE(sender.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"));
  streaming.get_future().get();
  uploading.get_future().get();
  server.BeginStop(kLong);
  EXPECT_EQ(read_ended.get_future().get(), ErrorCode::kCancelled);
  EXPECT_TRUE(was_stopped.get_future().get());
  ASSERT_TRUE(reader.ReceiveHead());
  EXPECT_EQ(reader.ReceiveChunk(), "bye");
  EXPECT_EQ(reader.ReceiveChunk(), "");
  EXPECT_EQ(sender.ReceiveResponse().value().status, 503);
  reader.Close();
  sender.Close();
  const auto begin = steady_clock::now();
  server.Stop(kLong);
  EXPECT_LT(steady_clock::now() - begin, kLong / 2);
}

TEST(ServerStopTest, ForcesTheRestAtTheDeadline) {
  std::promise<void> writing;
  std::promise<void> waiting;
  std::atomic<int> ended = 0;
  const Handler endless = [&](Exchange& exchange) -> Task<void> {
    Response head;
    co_await exchange.Begin(std::move(head));
    const std::string piece(1 << 20, 'x');
    co_await exchange.Write(piece);
    writing.set_value();
    while (true) {
      const Result<void> written = co_await exchange.Write(piece);
      if (!written) break;
    }
    ++ended;
  };
  RunningHttpServer server({}, {{"GET", "/", endless}});
  RawHttpClient stalled(server.port(), 10, 4096);
  RawHttpClient half(server.port());
  ASSERT_TRUE(stalled.Send(Get("/")));
  ASSERT_TRUE(half.Send("GET / HT"));
  ASSERT_TRUE(stalled.ReceiveHead());
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(stalled.Receive());
  writing.get_future().wait_for(std::chrono::seconds(5));
  const auto begin = steady_clock::now();
  server.Stop(milliseconds(200));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(190));
  EXPECT_LT(steady_clock::now() - begin, kLong / 2);
  EXPECT_EQ(ended, 1);
}

// Handlers that take no notice are left where they wait, and go with the server.
TEST(ServerStopTest, EndsEvenIfAHandlerDoesNot) {
  ServerOptions options;
  options.forced_end_timeout = milliseconds(50);
  std::promise<void> waiting;
  const auto held = std::make_shared<int>(1);
  const Handler deaf = [&](Exchange& exchange) -> Task<void> {
    const std::shared_ptr<int> kept = held;
    const auto wakeup = exchange.MakeWakeup();
    waiting.set_value();
    while (*kept == 1) {
      const bool is_woken = co_await wakeup->Wait(kLong);
      EXPECT_FALSE(is_woken);
    }
  };
  {
    RunningHttpServer server(std::move(options), {{"GET", "/", deaf}});
    RawHttpClient client(server.port());
    ASSERT_TRUE(client.Send(Get("/")));
    waiting.get_future().get();
    server.Stop(milliseconds(50));
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ServerStopTest, MayComeBeforeTheStart) {
  QuietLog log;
  const auto server = Server::Open({}, {{"GET", "/", SayHello}}, log);
  ASSERT_TRUE(server);
  (*server)->Stop(kLong);
  (*server)->Run();
}

TEST(ServerStopTest, AServerNeedNotRun) {
  QuietLog log;
  EXPECT_TRUE(Server::Open({}, {{"GET", "/", SayHello}}, log));
}

TEST(ServerStopTest, ManyConnectionsComeAndGoWhileItStops) {
  std::atomic<bool> is_over = false;
  RunningHttpServer server({}, {{"GET", "/", SayHello}});
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!is_over) {
        RawHttpClient client(server.port());
        if (!client.is_connected()) break;
        client.Send(Get("/"));
        if (client.ReceiveResponse()) ++answered;
      }
    });
  }
  while (answered < 50) std::this_thread::yield();
  server.Stop(milliseconds(1'000));
  is_over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_GE(answered, 50);
}

}  // namespace
}  // namespace verbatim::http
