// An HTTP/1.1 server: routes, limits, time-outs, graceful stop. Contains no word of the product.
// Requests with ambiguous framing are refused before any handler sees them (http/framing_guard.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "http/exchange.h"
#include "http/message.h"

namespace verbatim::http {

using Handler = std::function<Task<void>(Exchange&)>;

inline constexpr uint64_t kNoBody = 0;
inline constexpr uint64_t kUnlimitedBody = UINT64_MAX;

struct Route {
  std::string method;   // "GET" answers HEAD too
  std::string pattern;  // "/jobs/{id}/media": a {name} stands for one segment; a last {name...} for
                        // the rest
  Handler handler;
  uint64_t body_size_max = kNoBody;
};

// What came of a request, for logs and metrics.
struct Outcome {
  std::string_view method;
  std::string_view pattern;  // of the route; "" if none fits
  std::string_view target;
  std::string_view remote_address;
  int status = 0;  // 0: the connection ended without an answer
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
  std::chrono::microseconds duration{0};
};

// Files in PEM form: the certificate with those that lead to its root, and its key.
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one
  int threads = 2;
  int blocking_threads = 8;     // for questions, and as many for all else
  std::optional<TlsFiles> tls;  // none: HTTP without it

  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_idle_timeout{30'000};
  uint64_t body_bytes_per_second_min = 1024;  // over each idle time-out
  std::chrono::milliseconds write_timeout{30'000};
  std::chrono::milliseconds keep_alive_timeout{75'000};
  std::chrono::milliseconds forced_end_timeout{5'000};  // for handlers to notice a forced stop

  size_t header_bytes_max = 8192;
  size_t header_fields_max = 100;
  size_t connections_max = 4096;
  size_t connections_per_address_max = 1024;

  // These are called on the server's threads, several at once.
  // Makes the answer to what the server itself refuses: no such route, limits, broken framing.
  std::function<Response(int status, std::string_view detail)> make_refusal;
  // Fields that every response carries unless the handler set them.
  std::vector<Headers::Field> response_headers;
  // The same for the answer to one request; may be empty.
  std::function<std::vector<Headers::Field>(const Request&)> more_headers;
  // Answers in place of any route; none: the routes' turn. May be empty.
  std::function<std::optional<Response>(const Request&)> answer_first;
  std::function<void(const Outcome&)> on_outcome;
};

class Server {
 public:
  // Binds and listens. Errors: kInvalidArgument (no such address, two routes alike, a wrong
  // certificate or key), kBusy (the port is taken), kIo.
  static Result<std::unique_ptr<Server>> Open(ServerOptions options, std::vector<Route> routes,
                                              Log& log);
  virtual ~Server() = default;

  virtual uint16_t port() const = 0;

  // Reads certificate and key again, for connections from now on. Thread: any.
  // Errors: as Open, and the ones before stay; kConflict if it serves without TLS.
  virtual Result<void> ReloadTls() = 0;

  // Serves until stopped; starts the other threads. Thread: one caller.
  virtual void Run() = 0;

  // Stops gracefully: no new connections, idle ones are closed, requests in progress get until the
  // deadline, streams and uploads are ended. Then Run returns. Thread: any; returns at once.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace verbatim::http
