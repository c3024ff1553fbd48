// A server of `http` on a free port of the loopback device, running until destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "http/server.h"

namespace verbatim::tests {

class RunningHttpServer {
 public:
  RunningHttpServer(http::ServerOptions options, std::vector<http::Route> routes) {
    auto server = http::Server::Open(std::move(options), std::move(routes), log_);
    CHECK(server.has_value());
    server_ = *std::move(server);
    thread_ = std::thread([this] { server_->Run(); });
  }
  ~RunningHttpServer() { Stop(std::chrono::milliseconds(2'000)); }
  RunningHttpServer(const RunningHttpServer&) = delete;
  RunningHttpServer& operator=(const RunningHttpServer&) = delete;

  uint16_t port() const { return server_->port(); }

  // Returns when Run has.
  void Stop(std::chrono::milliseconds grace) {
    server_->Stop(grace);
    if (thread_.joinable()) thread_.join();
  }

  // Returns at once.
  void BeginStop(std::chrono::milliseconds grace) { server_->Stop(grace); }

 private:
  QuietLog log_;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace verbatim::tests
