// The server over real sockets: answers in pieces, from sources, and handlers that wait.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "tests/raw_http_client.h"
#include "tests/running_http_server.h"

namespace verbatim::http {
namespace {

using std::chrono::milliseconds;
using tests::RawHttpClient;
using tests::RunningHttpServer;

std::string Get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

TEST(ServerStreamTest, AnswersInPieces) {
  const Handler handler = [](Exchange& exchange) -> Task<void> {
    Response head;
    head.headers.Set("Content-Type", "text/event-stream");
    co_await exchange.Begin(std::move(head));
    co_await exchange.Write("one");
    co_await exchange.Write("");
    const std::string big(100'000, 'b');
    co_await exchange.Write(big);
    co_await exchange.End();
  };
  const RunningHttpServer server({}, {{"GET", "/", handler}});
  RawHttpClient client(server.port());
  for (int i = 0; i < 2; ++i) {  // the connection goes on
    ASSERT_TRUE(client.Send(Get("/")));
    const auto head = client.ReceiveHead();
    ASSERT_TRUE(head);
    EXPECT_EQ(head->headers.at("transfer-encoding"), "chunked");
    EXPECT_FALSE(head->headers.contains("content-length"));
    EXPECT_EQ(client.ReceiveChunk(), "one");
    EXPECT_EQ(client.ReceiveChunk(), std::string(100'000, 'b'));
    EXPECT_EQ(client.ReceiveChunk(), "");
  }
}

TEST(ServerStreamTest, AnOldClientGetsAStreamUntilTheEnd) {
  const Handler handler = [](Exchange& exchange) -> Task<void> {
    Response head;
    co_await exchange.Begin(std::move(head));
    co_await exchange.Write("one");
    co_await exchange.Write("two");
    co_await exchange.End();
  };
  const RunningHttpServer server({}, {{"GET", "/", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.0\r\n\r\n"));
  const auto head = client.ReceiveHead();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->headers.at("connection"), "close");
  EXPECT_FALSE(head->headers.contains("transfer-encoding"));
  EXPECT_EQ(client.ReceiveAll(), "onetwo");
}

TEST(ServerStreamTest, AStreamForHeadEndsAtOnce) {
  const Handler handler = [](Exchange& exchange) -> Task<void> {
    Response head;
    co_await exchange.Begin(std::move(head));
    while (true) {
      const Result<void> written = co_await exchange.Write("x");
      if (!written) co_return;
    }
  };
  const RunningHttpServer server({}, {{"GET", "/", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/none")));
  EXPECT_EQ(client.ReceiveResponse("HEAD").value().status, 200);
  EXPECT_EQ(client.ReceiveResponse().value().status, 404);
}

TEST(ServerStreamTest, AStreamThatIsLeftDoesNotLookComplete) {
  const Handler handler = [](Exchange& exchange) -> Task<void> {
    Response head;
    co_await exchange.Begin(std::move(head));
    co_await exchange.Write("one");
  };
  const RunningHttpServer server({}, {{"GET", "/", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  ASSERT_TRUE(client.ReceiveHead());
  EXPECT_EQ(client.ReceiveChunk(), "one");
  EXPECT_EQ(client.ReceiveAll(), "");
  EXPECT_TRUE(client.is_at_end());
}

TEST(ServerStreamTest, AStalledReaderIsDropped) {
  ServerOptions options;
  options.write_timeout = milliseconds(100);
  std::promise<ErrorCode> ended;
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    Response head;
    co_await exchange.Begin(std::move(head));
    const std::string piece(1 << 20, 'x');
    while (true) {
      const Result<void> written = co_await exchange.Write(piece);
      if (written) continue;
      ended.set_value(written.error().code);
      co_return;
    }
  };
  const RunningHttpServer server(std::move(options), {{"GET", "/", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  ASSERT_TRUE(client.ReceiveHead());
  EXPECT_EQ(ended.get_future().get(), ErrorCode::kIo);
}

TEST(ServerStreamTest, AWakeupKeepsANotification) {
  const Handler handler = [](Exchange& exchange) -> Task<void> {
    const auto wakeup = exchange.MakeWakeup();
    wakeup->Notify();
    wakeup->Notify();
    const bool first = co_await wakeup->Wait(milliseconds(10'000));
    const bool second = co_await wakeup->Wait(milliseconds(20));
    std::thread notifier([wakeup] { wakeup->Notify(); });
    const bool third = co_await wakeup->Wait(milliseconds(10'000));
    notifier.join();
    const bool fourth = co_await wakeup->Wait(milliseconds(0));
    const std::string text = {first ? '1' : '0', second ? '1' : '0', third ? '1' : '0',
                              fourth ? '1' : '0'};
    co_await exchange.Send(MakeResponse(200, "text/plain", text));
  };
  const RunningHttpServer server({}, {{"GET", "/", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/")));
  EXPECT_EQ(client.ReceiveResponse().value().body, "1010");
}

TEST(ServerStreamTest, AWaitEndsWhenTheClientIsGone) {
  std::promise<void> waiting;
  std::promise<bool> woken;
  std::promise<void> stopped;
  std::shared_ptr<Wakeup> left;
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    const std::stop_callback callback(exchange.stop(), [&] { stopped.set_value(); });
    left = exchange.MakeWakeup();
    waiting.set_value();
    woken.set_value(co_await left->Wait(milliseconds(60'000)));
    const bool again = co_await left->Wait(milliseconds(60'000));
    EXPECT_FALSE(again);
  };
  {
    RunningHttpServer server({}, {{"GET", "/", handler}});
    {
      RawHttpClient client(server.port());
      ASSERT_TRUE(client.Send(Get("/")));
      waiting.get_future().get();
    }
    EXPECT_FALSE(woken.get_future().get());
    stopped.get_future().get();
    server.Stop(milliseconds(2'000));
  }
  left->Notify();  // the server is gone
}

TEST(ServerStreamTest, BlockingWorkIsStoppedWhenTheClientIsGone) {
  std::promise<void> working;
  std::promise<bool> stopped;
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    const std::stop_token stop = exchange.stop();
    const auto work = [&, stop] {
      std::promise<void> asked;
      const std::stop_callback callback(stop, [&] { asked.set_value(); });
      working.set_value();
      return asked.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready;
    };
    stopped.set_value(co_await exchange.Offload(work));
  };
  const RunningHttpServer server({}, {{"GET", "/", handler}});
  {
    RawHttpClient client(server.port());
    ASSERT_TRUE(client.Send(Get("/")));
    working.get_future().get();
  }
  EXPECT_TRUE(stopped.get_future().get());
}

// A hub as events have it: every stream is told of every number, in order.
TEST(ServerStreamTest, ManyStreamsHearEveryNotification) {
  constexpr size_t kClients = 200;
  constexpr int kNumbers = 50;
  std::mutex mutex;
  std::vector<std::shared_ptr<Wakeup>> subscribed;
  std::atomic<int> newest = 0;
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    const auto wakeup = exchange.MakeWakeup();
    Response head;
    co_await exchange.Begin(std::move(head));
    {
      const std::lock_guard lock(mutex);
      subscribed.push_back(wakeup);
    }
    int told = 0;
    while (told < kNumbers) {
      const bool is_woken = co_await wakeup->Wait(milliseconds(10'000));
      if (!is_woken) co_return;
      for (const int until = newest; told < until;) {
        const std::string text = std::to_string(++told);
        co_await exchange.Write(text);
      }
    }
    co_await exchange.End();
  };
  const RunningHttpServer server({}, {{"GET", "/", handler}});
  std::vector<std::unique_ptr<RawHttpClient>> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<RawHttpClient>(server.port()));
    ASSERT_TRUE(clients.back()->Send(Get("/")));
  }
  for (const auto& client : clients) ASSERT_TRUE(client->ReceiveHead());
  for (bool all = false; !all; std::this_thread::yield()) {
    const std::lock_guard lock(mutex);
    all = subscribed.size() == kClients;
  }
  for (int i = 0; i < kNumbers; ++i) {
    ++newest;
    for (const auto& wakeup : subscribed) wakeup->Notify();
    std::this_thread::yield();
  }
  for (const auto& client : clients) {
    for (int i = 1; i <= kNumbers; ++i) ASSERT_EQ(client->ReceiveChunk(), std::to_string(i));
    ASSERT_EQ(client->ReceiveChunk(), "");
  }
}

class SourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "http_source_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (int i = 0; bytes_.size() < 1'000'000; ++i) bytes_ += std::to_string(i) + " ";
    std::ofstream(folder_ / "file", std::ios::binary) << bytes_;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  std::string bytes_;
};

TEST_F(SourceTest, AnswersWithARangeOfAFile) {
  const auto source = OpenFileSource(folder_ / "file").value();
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    const uint64_t offset = std::stoull(std::string(exchange.parameter("offset")));
    const uint64_t length = std::stoull(std::string(exchange.parameter("length")));
    Response head;
    co_await exchange.SendSource(std::move(head), source, offset, length);
  };
  const RunningHttpServer server({}, {{"GET", "/{offset}/{length}", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/0/1000000") + Get("/500001/300000") + Get("/7/0") +
                          "HEAD /5/10 HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/999999/1")));
  EXPECT_TRUE(client.ReceiveResponse().value().body == bytes_.substr(0, 1'000'000));
  EXPECT_TRUE(client.ReceiveResponse().value().body == bytes_.substr(500'001, 300'000));
  EXPECT_EQ(client.ReceiveResponse().value().body, "");
  EXPECT_EQ(client.ReceiveResponse("HEAD").value().headers.at("content-length"), "10");
  EXPECT_EQ(client.ReceiveResponse().value().body, bytes_.substr(999'999, 1));
}

TEST_F(SourceTest, AFileThatEndsTooEarlyCutsTheAnswerOff) {
  const auto source = OpenFileSource(folder_ / "file").value();
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    const uint64_t offset = exchange.request().path == "/some" ? 0 : 2'000'000;
    Response head;
    const Result<void> sent =
        co_await exchange.SendSource(std::move(head), source, offset, 2'000'000);
    EXPECT_EQ(sent.error().code, ErrorCode::kIo);
    if (offset > 0) co_await exchange.Send(MakeResponse(404, "text/plain", "gone"));
  };
  const RunningHttpServer server({}, {{"GET", "/some", handler}, {"GET", "/none", handler}});
  RawHttpClient client(server.port());
  ASSERT_TRUE(client.Send(Get("/none") + Get("/some")));
  EXPECT_EQ(client.ReceiveResponse().value().status, 404) << "nothing had been answered yet";
  EXPECT_EQ(client.ReceiveHead().value().headers.at("content-length"), "2000000");
  EXPECT_EQ(client.ReceiveAll().size(), bytes_.size());
}

// Bytes come one by one; who waits for them takes no thread of the pool.
class SlowSource final : public ByteSource {
 public:
  std::optional<uint64_t> size() const override { return std::nullopt; }
  uint64_t available() const override { return available_; }
  Result<size_t> ReadAt(uint64_t offset, std::span<char> into, const std::stop_token&) override {
    ++asked_;
    if (offset >= available_) return Fail(ErrorCode::kCancelled, "not there yet");
    into[0] = static_cast<char>('a' + offset);
    return size_t{1};
  }

  std::atomic<uint64_t> available_ = 0;
  std::atomic<int> asked_ = 0;
};

TEST_F(SourceTest, WaitsForBytesThatAreStillToCome) {
  const auto source = std::make_shared<SlowSource>();
  const Handler handler = [&](Exchange& exchange) -> Task<void> {
    Response head;
    co_await exchange.SendSource(std::move(head), source, 0, 3);
  };
  ServerOptions options;
  options.blocking_threads = 1;
  const RunningHttpServer server(std::move(options), {{"GET", "/", handler}});
  RawHttpClient first(server.port());
  RawHttpClient second(server.port());
  ASSERT_TRUE(first.Send(Get("/")));
  ASSERT_TRUE(second.Send(Get("/")));
  while (source->asked_ < 3) std::this_thread::yield();
  source->available_ = 3;
  EXPECT_EQ(first.ReceiveResponse().value().body, "abc");
  EXPECT_EQ(second.ReceiveResponse().value().body, "abc");
}

}  // namespace
}  // namespace verbatim::http
