#include "http/server.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <thread>
#include <utility>

#include "base/contain.h"
#include "http/impl/connection.h"
#include "http/impl/connection_table.h"
#include "http/impl/server_state.h"

namespace verbatim::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kAcceptPause{100};  // when the system has no more descriptors

Error AcceptorError(const error_code& error, const ServerOptions& options) {
  const std::string place = fmt::format("listening on {} port {}", options.address, options.port);
  if (error == asio::error::address_in_use) {
    return {ErrorCode::kBusy, place + ": the port is taken"};
  }
  if (error == std::errc::address_not_available) {
    return {ErrorCode::kInvalidArgument, place + ": this machine has no such address"};
  }
  return SystemError(error.value(), place);
}

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, Router router, Log& log)
      : state_(std::move(options), std::move(router), log),
        connections_({state_.options.connections_max, state_.options.connections_per_address_max}),
        io_(state_.options.threads),
        strand_(asio::make_strand(io_)),
        acceptor_(strand_),
        stop_timer_(strand_) {}

  // What still runs in the pool may use the frames that go with io_.
  ~AsioServer() override { JoinPools(); }

  bool has_tls() const { return state_.options.tls.has_value(); }
  Result<void> Listen();

  uint16_t port() const override { return port_; }
  Result<void> ReloadTls() override;
  void Run() override;
  void Stop(milliseconds grace) override;

 private:
  void RunThread();
  void JoinPools();
  void StartAccepting();
  Task<void> Accept();
  Result<void> Welcome(tcp::socket socket);
  void OnEnd(const Connection* connection);
  void StopOnStrand(milliseconds grace);
  void OnStopTimer();

  ServerState state_;
  ConnectionTable connections_;
  asio::io_context io_;
  asio::strand<asio::io_context::executor_type> strand_;

  // On strand_.
  tcp::acceptor acceptor_;
  asio::steady_timer stop_timer_;
  steady_clock::time_point stop_end_ = steady_clock::time_point::max();
  bool has_killed_ = false;

  uint16_t port_ = 0;
};

Result<void> AsioServer::Listen() {
  const ServerOptions& options = state_.options;
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return Fail(ErrorCode::kInvalidArgument, "not an IP address: " + options.address);
  const tcp::endpoint endpoint(address, options.port);
  const auto fail = [&] { return Failure(AcceptorError(error, options)); };
  if (acceptor_.open(endpoint.protocol(), error)) return fail();
  if (acceptor_.set_option(tcp::acceptor::reuse_address(true), error)) return fail();
  if (acceptor_.bind(endpoint, error)) return fail();
  if (acceptor_.listen(asio::socket_base::max_listen_connections, error)) return fail();
  port_ = acceptor_.local_endpoint(error).port();
  if (error) return fail();
  return {};
}

Result<void> AsioServer::ReloadTls() {
  if (!state_.options.tls) return Fail(ErrorCode::kConflict, "the server serves without TLS");
  state_.tls.Set(TRY(TlsContext::Load(*state_.options.tls)));
  return {};
}

void AsioServer::Run() {
  StartAccepting();
  std::vector<std::thread> threads;
  for (int i = 1; i < state_.options.threads; ++i) threads.emplace_back([this] { RunThread(); });
  RunThread();
  for (std::thread& thread : threads) thread.join();
  JoinPools();
}

void AsioServer::JoinPools() {
  state_.asking_pool.join();
  state_.working_pool.join();
}

void AsioServer::RunThread() {
  // OpenSSL writes to sockets whose peer may be gone; the error is enough.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  while (true) {
    const Result<void> ran = Contain([this] { io_.run(); });
    if (ran) return;
    state_.log.Error("a thread of the server: {}", ran.error().message);
  }
}

void AsioServer::StartAccepting() {
  Insist([this] { asio::co_spawn(strand_, Accept(), asio::detached); });
}

Task<void> AsioServer::Accept() {
  // It may be dropped where memory is missing: without it nobody is let in any more.
  const auto again = [this](void*) {
    if (!state_.is_stopping) StartAccepting();
  };
  const std::shared_ptr<void> life(nullptr, again);
  bool has_warned = false;
  while (acceptor_.is_open()) {
    const asio::any_io_executor strand = asio::make_strand(io_);
    auto [error, socket] = co_await acceptor_.async_accept(strand, kTuple);
    if (!acceptor_.is_open()) co_return;
    if (!error) {
      has_warned = false;
      static_cast<void>(Contain([&] { return Welcome(std::move(socket)); }));
      continue;
    }
    if (error == asio::error::connection_aborted) continue;
    if (!has_warned) state_.log.Warning("accepting a connection: {}", error.message());
    has_warned = true;
    asio::steady_timer pause(strand_, kAcceptPause);
    co_await pause.async_wait(kTuple);
  }
}

// Fails only where memory is short; the client sees its connection closed.
Result<void> AsioServer::Welcome(tcp::socket socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return {};
  const std::string address = peer.address().to_string();
  std::unique_ptr<TlsSession> tls;
  if (const std::shared_ptr<const TlsContext> context = state_.tls.Get()) {
    tls = context->MakeSession(socket.native_handle());
    if (tls == nullptr) return {};
  }
  auto wire = std::make_shared<Wire>(std::move(socket), std::move(tls));
  const auto connection = std::make_shared<Connection>(state_, std::move(wire), address);
  auto on_end = [this, raw = connection.get()] { OnEnd(raw); };
  Result<void> begun = Contain([&] {
    switch (connections_.Enter(connection, address)) {
      case ConnectionTable::Place::kServed: connection->Start(std::move(on_end)); break;
      case ConnectionTable::Place::kRefused: connection->StartRefused(std::move(on_end)); break;
      case ConnectionTable::Place::kNone: break;
    }
  });
  if (!begun) OnEnd(connection.get());
  return begun;
}

void AsioServer::OnEnd(const Connection* connection) {
  if (!connections_.Leave(connection) || !state_.is_stopping) return;
  asio::post(strand_, [this] { stop_timer_.cancel(); });
}

void AsioServer::Stop(milliseconds grace) {
  asio::post(strand_, [this, grace] { StopOnStrand(grace); });
}

void AsioServer::StopOnStrand(milliseconds grace) {
  state_.is_stopping = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (const auto& connection : connections_.All()) connection->Stop();
  const auto end = steady_clock::now() + grace;
  if (connections_.empty() || has_killed_ || end >= stop_end_) return;
  stop_end_ = end;
  stop_timer_.expires_at(end);
  stop_timer_.async_wait([this](const error_code& error) {
    if (!error) OnStopTimer();
  });
}

void AsioServer::OnStopTimer() {
  if (connections_.empty()) return;
  if (has_killed_) {
    state_.log.Error("handlers did not end when the server stopped");
    return io_.stop();
  }
  has_killed_ = true;
  for (const auto& connection : connections_.All()) connection->Kill();
  stop_timer_.expires_after(state_.options.forced_end_timeout);
  stop_timer_.async_wait([this](const error_code& error) {
    if (!error) OnStopTimer();
  });
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Open(ServerOptions options, std::vector<Route> routes,
                                             Log& log) {
  if (options.threads < 1 || options.blocking_threads < 1) {
    return Fail(ErrorCode::kInvalidArgument, "a server needs a thread of each kind");
  }
  Router router = TRY(Router::Make(std::move(routes)));
  try {
    auto server = std::make_unique<AsioServer>(std::move(options), std::move(router), log);
    if (server->has_tls()) TRY_VOID(server->ReloadTls());
    TRY_VOID(server->Listen());
    return server;
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kIo, fmt::format("starting the server: {}", error.what()));
  }
}

}  // namespace verbatim::http
