// What all connections of a server share.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/latest.h"
#include "base/log.h"
#include "http/framing_guard.h"
#include "http/impl/router.h"
#include "http/impl/tls.h"
#include "http/server.h"

namespace verbatim::http {

// Thread: any.
struct ServerState {
  ServerState(ServerOptions server_options, Router server_router, Log& server_log)
      : options(std::move(server_options)),
        router(std::move(server_router)),
        log(server_log),
        asking_pool(static_cast<size_t>(options.blocking_threads)),
        working_pool(static_cast<size_t>(options.blocking_threads)) {}

  const ServerOptions options;
  const Router router;
  Log& log;
  std::atomic<bool> is_stopping = false;
  // Two for what may block, so that a question (GET, HEAD) never waits behind the bytes of many
  // uploads on their way to the disk.
  boost::asio::thread_pool asking_pool;
  boost::asio::thread_pool working_pool;
  Latest<std::shared_ptr<const TlsContext>> tls{nullptr};  // null: HTTP without it

  // The answer to what is refused.
  Response MakeRefusal(const Refusal& refusal) const;

  // The whole of it, for a connection that ends with it.
  std::string RenderLastRefusal(const Refusal& refusal) const;
};

}  // namespace verbatim::http
