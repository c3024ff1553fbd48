#include "http/impl/connection.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <new>
#include <string_view>
#include <utility>

namespace verbatim::http {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr size_t kFillSize = 8192;
constexpr std::chrono::milliseconds kLingerIdle{2'000};
constexpr std::chrono::milliseconds kLingerTotal{10'000};
constexpr std::chrono::milliseconds kLingerShort{1'000};

}  // namespace

Connection::Connection(ServerState& server, std::shared_ptr<Wire> wire, std::string remote_address)
    : server_(server), wire_(std::move(wire)), remote_address_(std::move(remote_address)) {}

void Connection::Start(std::function<void()> on_end) { Spawn(Serve(), std::move(on_end)); }

void Connection::StartRefused(std::function<void()> on_end) {
  Spawn(ServeRefused(), std::move(on_end));
}

void Connection::Spawn(Task<void> task, std::function<void()> on_end) {
  // Whoever drops the coroutine last ends the connection: where memory is missing it may be dropped
  // before its end.
  auto end = [self = shared_from_this(), on_end = std::move(on_end)](void*) {
    self->wire_->Close();
    on_end();
  };
  auto done = [self = shared_from_this(), life = std::shared_ptr<void>(nullptr, std::move(end))](
                  const std::exception_ptr& failure) {
    if (failure) self->server_.log.Error("a connection ended by an exception");
  };
  asio::co_spawn(wire_->executor(), std::move(task), std::move(done));
}

void Connection::Stop() {
  asio::post(wire_->executor(), [self = shared_from_this()] {
    if (self->is_idle_) return self->wire_->Close();
    if (self->exchange_ != nullptr) self->exchange_->OnStop();
  });
}

void Connection::Kill() {
  asio::post(wire_->executor(), [self = shared_from_this()] {
    self->wire_->Close();
    if (self->exchange_ != nullptr) self->exchange_->OnStop();
  });
}

Task<void> Connection::Serve() {
  bool can_go_on = co_await Encrypt();
  while (can_go_on) {
    can_go_on = co_await ServeOne();
    is_first_ = false;
  }
}

// The handshake, where there is to be one. False: the connection ends.
Task<bool> Connection::Encrypt() {
  if (!wire_->is_encrypted()) co_return true;
  is_idle_ = true;
  const Wired<void> done =
      co_await wire_->Handshake(steady_clock::now() + server_.options.header_timeout);
  is_idle_ = false;
  if (done) co_return true;
  const Refusal plain{400, "This port speaks HTTPS alone: https://..."};
  if (done.error() == WireError::kPlainHttp) co_await RefuseHead(plain);
  co_return false;
}

// A handshake would cost more than the answer is worth.
Task<void> Connection::ServeRefused() {
  if (wire_->is_encrypted()) co_return;
  co_await RefuseHead({503, "There are too many connections."});
}

Task<bool> Connection::ServeOne() {
  std::expected<RequestHead, HeadFailure> head = co_await ReceiveHead();
  if (!head) {
    if (head.error()) co_await RefuseHead(*head.error());
    co_return false;
  }
  head->request.remote_address = remote_address_;
  head->request.is_encrypted = wire_->is_encrypted();
  LiveExchange exchange(server_, wire_, *std::move(head));
  const auto forget = [this](LiveExchange*) { exchange_ = nullptr; };
  const std::unique_ptr<LiveExchange, decltype(forget)> forgetter(&exchange, forget);
  exchange_ = &exchange;
  co_await Handle(exchange);
  Report(exchange);
  const bool can_go_on = co_await exchange.CanGoOn();
  if (can_go_on) co_return true;
  if (exchange.has_unread_body()) {
    co_await wire_->Linger(kLingerIdle, kLingerTotal);
  } else if (!server_.is_stopping) {
    co_await wire_->Linger(kLingerShort, kLingerShort);
  }
  co_return false;
}

// The only place where a handler's exceptions end.
Task<void> Connection::Handle(LiveExchange& exchange) {
  Refusal refusal{500, "Something went wrong here."};
  std::string failure;
  try {
    const bool is_admitted = co_await exchange.Admit();
    if (is_admitted) co_await exchange.match().route->handler(exchange);
  } catch (const std::bad_alloc&) {
    failure = "out of memory";
    refusal = {503, "The server is short of memory: try again later."};
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "an unknown exception";
  }
  if (!failure.empty()) {
    server_.log.Error("{} {}: {}", exchange.request().method, exchange.request().path, failure);
  }
  co_await exchange.Finish(std::move(refusal));
}

Task<std::expected<RequestHead, Connection::HeadFailure>> Connection::ReceiveHead() {
  const ServerOptions& options = server_.options;
  HeadGuard guard({options.header_bytes_max, options.header_fields_max});
  bytes_received_before_ = wire_->bytes_received() - wire_->buffered().size();
  bytes_sent_before_ = wire_->bytes_sent();
  size_t seen = 0;
  const auto patience = is_first_ ? options.header_timeout : options.keep_alive_timeout;
  auto deadline = steady_clock::now() + patience;
  while (true) {
    const std::string_view fresh = wire_->buffered().substr(seen);
    if (!fresh.empty()) {
      if (seen == 0) {
        begun_ = steady_clock::now();
        deadline = begun_ + options.header_timeout;
      }
      const Checked<bool> is_complete = guard.Take(fresh);
      if (!is_complete) co_return std::unexpected(is_complete.error());
      if (*is_complete) break;
      seen += fresh.size();
    }
    is_idle_ = seen == 0;
    if (is_idle_ && server_.is_stopping) co_return std::unexpected(std::nullopt);
    const Wired<void> filled = co_await wire_->Fill(kFillSize, deadline);
    is_idle_ = false;
    if (filled) continue;
    if (filled.error() != WireError::kTimedOut || seen == 0) {
      co_return std::unexpected(std::nullopt);
    }
    co_return std::unexpected(Refusal{408, "The request's header comes too slowly."});
  }
  Checked<RequestHead> head = ParseHead(wire_->buffered().substr(0, guard.size()));
  wire_->Consume(guard.size());
  if (!head) co_return std::unexpected(head.error());
  co_return *std::move(head);
}

Task<void> Connection::RefuseHead(Refusal refusal) {
  const std::string answer = server_.RenderLastRefusal(refusal);
  const std::array<std::string_view, 1> pieces = {answer};
  const Wired<void> sent = co_await wire_->Send(pieces, server_.options.write_timeout);
  if (server_.options.on_outcome) {
    Outcome outcome;
    outcome.remote_address = remote_address_;
    outcome.status = sent ? refusal.status : 0;
    outcome.bytes_received = wire_->bytes_received() - bytes_received_before_;
    outcome.bytes_sent = wire_->bytes_sent() - bytes_sent_before_;
    server_.options.on_outcome(outcome);
  }
  if (sent) co_await wire_->Linger(kLingerShort, kLingerShort);
}

void Connection::Report(const LiveExchange& exchange) {
  if (!server_.options.on_outcome) return;
  const Router::Match& match = exchange.match();
  Outcome outcome;
  outcome.method = exchange.request().method;
  if (match.route != nullptr) outcome.pattern = match.route->pattern;
  outcome.target = exchange.request().target;
  outcome.remote_address = remote_address_;
  outcome.status = exchange.status();
  outcome.bytes_received =
      wire_->bytes_received() - wire_->buffered().size() - bytes_received_before_;
  outcome.bytes_sent = wire_->bytes_sent() - bytes_sent_before_;
  outcome.duration =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begun_);
  server_.options.on_outcome(outcome);
}

}  // namespace verbatim::http
