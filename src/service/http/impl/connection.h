// One connection: request after request, until either side ends it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/impl/live_exchange.h"
#include "http/impl/request_head.h"
#include "http/impl/server_state.h"
#include "http/impl/wire.h"

namespace verbatim::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // The wire's socket has a strand of its own.
  Connection(ServerState& server, std::shared_ptr<Wire> wire, std::string remote_address);

  // Serves it on its strand; calls `on_end` there at the end.
  void Start(std::function<void()> on_end);

  // Answers 503 and ends: there are too many connections.
  void StartRefused(std::function<void()> on_end);

  // Ends when what it does is done; at once if it does nothing. Thread: any.
  void Stop();

  // Ends it in the middle of whatever it does. Thread: any.
  void Kill();

 private:
  // None: the peer closed, or sent nothing in time.
  using HeadFailure = std::optional<Refusal>;

  void Spawn(Task<void> task, std::function<void()> on_end);
  Task<void> Serve();
  Task<bool> Encrypt();
  Task<void> ServeRefused();
  Task<bool> ServeOne();
  Task<std::expected<RequestHead, HeadFailure>> ReceiveHead();
  Task<void> RefuseHead(Refusal refusal);
  Task<void> Handle(LiveExchange& exchange);
  void Report(const LiveExchange& exchange);

  ServerState& server_;
  std::shared_ptr<Wire> wire_;
  std::string remote_address_;
  LiveExchange* exchange_ = nullptr;  // the one at work
  bool is_idle_ = false;              // waits for the first byte of a request
  bool is_first_ = true;

  // Of the request at work.
  std::chrono::steady_clock::time_point begun_;
  uint64_t bytes_received_before_ = 0;
  uint64_t bytes_sent_before_ = 0;
};

}  // namespace verbatim::http
