#include "http/impl/tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace verbatim::http {
namespace {

// For TLS 1.2; those of 1.3 are all good.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kProtocol[] = "\x08http/1.1";

// A key with a password can't be opened: nobody is there to type it.
int RefusePassword(char*, int, int, void*) { return -1; }

// HTTP/1.1 where the client names protocols; without a common one, as if it had named none.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                   const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, chosen_size, kProtocol, sizeof(kProtocol) - 1,
                                           offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Result<void> CheckReadable(const std::filesystem::path& file) {
  const int opened = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return Failure(SystemError(errno, "opening " + file.string()));
  close(opened);
  return {};
}

Failure Wrong(const std::filesystem::path& file, const std::string& why) {
  ERR_clear_error();
  return Fail(ErrorCode::kInvalidArgument, file.string() + " " + why);
}

Result<void> LoadPair(SSL_CTX* context, const TlsFiles& files) {
  if (files.certificate.empty() || files.key.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "TLS needs a certificate and its key, and only one of the files is named");
  }
  TRY_VOID(CheckReadable(files.certificate));
  TRY_VOID(CheckReadable(files.key));
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Wrong(files.certificate, "has no certificate in PEM form");
  }
  // The first compares them only if they are of one kind.
  const bool is_key =
      SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
  if (is_key && SSL_CTX_check_private_key(context) == 1) return {};
  if (is_key || ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509) {
    return Wrong(files.key, "is not the key of the certificate in " + files.certificate.string());
  }
  return Wrong(files.key, "has no key in PEM form that opens without a password");
}

}  // namespace

TlsSession::TlsSession(ssl_st* session) : session_(session, SSL_free) {}

TlsSession::~TlsSession() = default;

std::expected<void, TlsNeed> TlsSession::Handshake() {
  ERR_clear_error();
  const int result = SSL_accept(session_.get());
  if (result == 1) return {};
  const bool is_http = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
  const TlsNeed need = NeedAfter(result);
  return std::unexpected(need == TlsNeed::kGone && is_http ? TlsNeed::kPlainHttp : need);
}

std::expected<size_t, TlsNeed> TlsSession::Read(std::span<char> into) {
  if (is_broken_) return std::unexpected(TlsNeed::kGone);
  ERR_clear_error();
  size_t size = 0;
  const int result = SSL_read_ex(session_.get(), into.data(), into.size(), &size);
  if (result == 1) return size;
  return std::unexpected(NeedAfter(result));
}

std::expected<size_t, TlsNeed> TlsSession::Write(std::string_view bytes) {
  if (is_broken_) return std::unexpected(TlsNeed::kGone);
  ERR_clear_error();
  size_t size = 0;
  const int result = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &size);
  if (result == 1) return size;
  return std::unexpected(NeedAfter(result));
}

bool TlsSession::has_buffered() const { return SSL_pending(session_.get()) > 0; }

std::expected<void, TlsNeed> TlsSession::Peek() {
  if (is_broken_) return std::unexpected(TlsNeed::kGone);
  ERR_clear_error();
  char byte = 0;
  size_t size = 0;
  const int result = SSL_peek_ex(session_.get(), &byte, 1, &size);
  if (result == 1) return {};
  return std::unexpected(NeedAfter(result));
}

void TlsSession::SayGoodbye() {
  if (is_broken_ || SSL_in_init(session_.get()) != 0) return;
  ERR_clear_error();
  SSL_shutdown(session_.get());
  ERR_clear_error();
}

TlsNeed TlsSession::NeedAfter(int result) {
  const int error = SSL_get_error(session_.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return TlsNeed::kRead;
  if (error == SSL_ERROR_WANT_WRITE) return TlsNeed::kWrite;
  if (error != SSL_ERROR_ZERO_RETURN) is_broken_ = true;
  return TlsNeed::kGone;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::Load(const TlsFiles& files) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return Fail(ErrorCode::kInternal, "OpenSSL makes no context");
  SSL_CTX* const raw = context.get();
  if (SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, kCiphers) != 1) {
    return Fail(ErrorCode::kInternal, "OpenSSL refuses our protocols and ciphers");
  }
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // An idle connection keeps no buffers; what is left to write may have moved.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_passwd_cb(raw, RefusePassword);
  SSL_CTX_set_alpn_select_cb(raw, ChooseProtocol, nullptr);
  TRY_VOID(LoadPair(raw, files));
  return std::shared_ptr<const TlsContext>(new TlsContext(context));
}

std::unique_ptr<TlsSession> TlsContext::MakeSession(int socket) const {
  SSL* const session = SSL_new(context_.get());
  if (session == nullptr || SSL_set_fd(session, socket) != 1) {
    SSL_free(session);
    ERR_clear_error();
    return nullptr;
  }
  return std::make_unique<TlsSession>(session);
}

}  // namespace verbatim::http
