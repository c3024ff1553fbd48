// TLS on a socket that never blocks: each call does what it can at once and says what to wait for.
// OpenSSL keeps its errors per thread; none is left behind here.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "http/server.h"

struct ssl_ctx_st;
struct ssl_st;

namespace verbatim::http {

enum class TlsNeed {
  kRead,       // wait until the socket can be read, and call again
  kWrite,      // wait until it can be written
  kGone,       // the peer closed, or broke the protocol
  kPlainHttp,  // in a handshake: the peer speaks HTTP without TLS
};

// One connection. Thread: one at a time.
class TlsSession {
 public:
  explicit TlsSession(ssl_st* session);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  std::expected<void, TlsNeed> Handshake();

  // Some bytes, at least one. `into` and `bytes` are not empty.
  std::expected<size_t, TlsNeed> Read(std::span<char> into);
  std::expected<size_t, TlsNeed> Write(std::string_view bytes);

  // Bytes that were decrypted and not read: the socket does not tell of them.
  bool has_buffered() const;

  // Whether there is a byte to read, which stays.
  std::expected<void, TlsNeed> Peek();

  // Tells the peer that nothing more comes.
  void SayGoodbye();

 private:
  TlsNeed NeedAfter(int result);

  std::unique_ptr<ssl_st, void (*)(ssl_st*)> session_;
  bool is_broken_ = false;
};

// Certificate, key and rules: TLS 1.2 and 1.3, forward secrecy and authenticated ciphers alone.
// Thread: any.
class TlsContext {
 public:
  // Errors: kInvalidArgument with the file that is wrong and why; kNotFound.
  static Result<std::shared_ptr<const TlsContext>> Load(const TlsFiles& files);

  // A session on a socket, which outlives it. Null if memory is short.
  std::unique_ptr<TlsSession> MakeSession(int socket) const;

 private:
  explicit TlsContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}

  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace verbatim::http
