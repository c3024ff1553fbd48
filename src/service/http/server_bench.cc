// Requests per second for a small JSON answer over kept connections on the loopback device, and how
// long the slowest of a hundred takes. Client and server share the machine.
#include <benchmark/benchmark.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "tests/raw_http_client.h"
#include "tests/running_http_server.h"

namespace verbatim::http {
namespace {

using std::chrono::steady_clock;
using tests::RawHttpClient;
using tests::RunningHttpServer;

constexpr size_t kBodySize = 500;
constexpr std::string_view kRequest =
    "GET /api/jobs/0123456789abcdef HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\n"
    "Accept: application/json\r\n\r\n";

Task<void> Answer(Exchange& exchange) {
  std::string body = "{\"id\": \"" + std::string(exchange.parameter("id")) + "\"";
  body.resize(kBodySize - 1, ' ');
  body += '}';
  Response response = MakeResponse(200, "application/json", std::move(body));
  co_await exchange.Send(std::move(response));
}

// As many clients as asked for, each with one request on its way.
class Clients {
 public:
  Clients(uint16_t port, size_t count) : events_(epoll_create1(EPOLL_CLOEXEC)) {
    for (size_t i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<RawHttpClient>(port));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(events_, EPOLL_CTL_ADD, clients_.back()->descriptor(), &event);
    }
    begun_.resize(count);
  }
  ~Clients() { close(events_); }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Asks `requests` times in all; returns what each took.
  std::vector<steady_clock::duration> Run(size_t requests) {
    std::vector<steady_clock::duration> times;
    times.reserve(requests + clients_.size());
    for (size_t i = 0; i < clients_.size(); ++i) Ask(i);
    std::array<epoll_event, 64> ready{};
    while (times.size() < requests) {
      const int count = epoll_wait(events_, ready.data(), static_cast<int>(ready.size()), -1);
      for (int i = 0; i < count; ++i) {
        const size_t client = ready[static_cast<size_t>(i)].data.u64;
        if (!clients_[client]->ReceiveResponse()) return {};
        times.push_back(steady_clock::now() - begun_[client]);
        Ask(client);
      }
    }
    for (const auto& client : clients_) client->ReceiveResponse();
    return times;
  }

 private:
  void Ask(size_t client) {
    begun_[client] = steady_clock::now();
    clients_[client]->Send(kRequest);
  }

  int events_;
  std::vector<std::unique_ptr<RawHttpClient>> clients_;
  std::vector<steady_clock::time_point> begun_;
};

void SmallAnswers(benchmark::State& state) {
  ServerOptions options;
  options.threads = static_cast<int>(state.range(0));
  const RunningHttpServer server(std::move(options), {{"GET", "/api/jobs/{id}", Answer}});
  Clients clients(server.port(), 64);
  constexpr size_t kRequests = 50'000;
  std::vector<steady_clock::duration> times;
  for (auto _ : state) times = clients.Run(kRequests);
  if (times.empty()) return state.SkipWithError("the server ended a connection");
  const auto p99 = times.begin() + static_cast<std::ptrdiff_t>(times.size() * 99 / 100);
  std::nth_element(times.begin(), p99, times.end());
  state.counters["p99_ms"] = std::chrono::duration<double, std::milli>(*p99).count();
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRequests));
}
BENCHMARK(SmallAnswers)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace verbatim::http
