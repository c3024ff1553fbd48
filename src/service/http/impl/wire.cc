#include "http/impl/wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/check.h"

namespace verbatim::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kPiecesMax = 4;
constexpr size_t kBreathBytes = 1 << 20;
// That wait in the system for a peer that does not read; without a bound it keeps megabytes.
constexpr int kUnsentMax = 256 << 10;
constexpr size_t kRecordBytes = 16384;  // that TLS encrypts at a time

bool WouldBlock(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again ||
         error == asio::error::interrupted;
}

}  // namespace

Wire::Wire(tcp::socket socket, std::unique_ptr<TlsSession> tls)
    : socket_(std::move(socket)), tls_(std::move(tls)), timer_(socket_.get_executor()) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  // Where a system does not know it, its own bound holds.
  setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentMax,
             sizeof kUnsentMax);
}

asio::awaitable<Wired<void>> Wire::Handshake(SteadyTime deadline) {
  while (true) {
    if (is_closed_) co_return std::unexpected(WireError::kGone);
    const auto done = tls_->Handshake();
    if (done) co_return Wired<void>();
    if (done.error() == TlsNeed::kPlainHttp) {
      tls_.reset();
      co_return std::unexpected(WireError::kPlainHttp);
    }
    if (done.error() == TlsNeed::kGone) co_return std::unexpected(WireError::kGone);
    const bool is_read = done.error() == TlsNeed::kRead;
    const Wired<void> waited =
        co_await Wait(is_read ? tcp::socket::wait_read : tcp::socket::wait_write, deadline);
    if (!waited) co_return waited;
  }
}

void Wire::Consume(size_t size) {
  consumed_ += size;
  DCHECK(consumed_ <= buffer_.size());
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  }
}

asio::awaitable<Wired<void>> Wire::Fill(size_t size_max, SteadyTime deadline) {
  if (buffer_.empty()) std::string().swap(buffer_);
  while (true) {
    Wired<void> waited;
    if (tls_ == nullptr || !tls_->has_buffered()) {
      waited = co_await Wait(tcp::socket::wait_read, deadline);
    }
    if (!waited) co_return waited;
    buffer_.erase(0, consumed_);
    consumed_ = 0;
    const size_t old_size = buffer_.size();
    buffer_.resize(old_size + size_max);
    const auto received = TryReceive(std::span(buffer_).subspan(old_size));
    buffer_.resize(old_size + (received ? received->value_or(0) : 0));
    if (!received) continue;
    if (!*received) co_return std::unexpected(received->error());
    co_return Wired<void>();
  }
}

asio::awaitable<Wired<size_t>> Wire::Receive(std::span<char> into, SteadyTime deadline) {
  DCHECK(buffered().empty());
  while (true) {
    if (reads_cancelled_) co_return std::unexpected(WireError::kCancelled);
    const auto received = TryReceive(into);
    if (received) {
      const bool pauses = IsOutOfBreath(received->value_or(0));
      if (pauses) co_await asio::post(socket_.get_executor(), asio::use_awaitable);
      co_return *received;
    }
    const Wired<void> waited = co_await Wait(tcp::socket::wait_read, deadline);
    if (!waited) co_return std::unexpected(waited.error());
  }
}

std::optional<Wired<size_t>> Wire::TryReceive(std::span<char> into) {
  if (is_closed_) return std::unexpected(WireError::kGone);
  if (tls_) return TryDecrypt(into);
  error_code error;
  const size_t size = socket_.read_some(asio::buffer(into.data(), into.size()), error);
  if (WouldBlock(error)) return std::nullopt;
  if (error || size == 0) return std::unexpected(WireError::kGone);
  bytes_received_ += size;
  return size;
}

std::optional<Wired<size_t>> Wire::TryDecrypt(std::span<char> into) {
  const auto read = tls_->Read(into);
  if (!read && read.error() != TlsNeed::kGone) return std::nullopt;
  if (!read) return std::unexpected(WireError::kGone);
  bytes_received_ += *read;
  return *read;
}

asio::awaitable<Wired<void>> Wire::SendEncrypted(std::string_view bytes,
                                                 std::chrono::milliseconds stall_max) {
  while (!bytes.empty()) {
    if (is_closed_) co_return std::unexpected(WireError::kGone);
    const auto sent = tls_->Write(bytes);
    if (!sent && sent.error() != TlsNeed::kWrite) co_return std::unexpected(WireError::kGone);
    bytes.remove_prefix(sent.value_or(0));
    bytes_sent_ += sent.value_or(0);
    const bool pauses = IsOutOfBreath(sent.value_or(0));
    if (pauses) co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    if (sent) continue;
    const SteadyTime deadline = std::chrono::steady_clock::now() + stall_max;
    const Wired<void> waited = co_await Wait(tcp::socket::wait_write, deadline);
    if (!waited) co_return waited;
  }
  co_return Wired<void>();
}

asio::awaitable<Wired<void>> Wire::Send(std::span<const std::string_view> pieces,
                                        std::chrono::milliseconds stall_max) {
  CHECK(pieces.size() <= kPiecesMax);
  if (tls_) {
    // Few bytes travel in one record; many are not copied.
    std::string joined;
    for (const std::string_view piece : pieces) {
      if (joined.size() + piece.size() <= kRecordBytes) {
        joined += piece;
        continue;
      }
      const Wired<void> before = co_await SendEncrypted(joined, stall_max);
      if (!before) co_return before;
      joined.clear();
      const Wired<void> sent = co_await SendEncrypted(piece, stall_max);
      if (!sent) co_return sent;
    }
    co_return co_await SendEncrypted(joined, stall_max);
  }
  std::array<asio::const_buffer, kPiecesMax> left;
  size_t size = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    left[i] = asio::buffer(pieces[i]);
    size += pieces[i].size();
  }
  while (size > 0) {
    if (is_closed_) co_return std::unexpected(WireError::kGone);
    error_code error;
    const size_t sent = socket_.write_some(left, error);
    bytes_sent_ += sent;
    size -= sent;
    size_t skipped = sent;
    for (asio::const_buffer& buffer : left) {
      const size_t of_this = std::min(skipped, buffer.size());
      buffer += of_this;
      skipped -= of_this;
    }
    if (error && !WouldBlock(error)) co_return std::unexpected(WireError::kGone);
    const bool pauses = IsOutOfBreath(sent);
    if (pauses) co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    if (size == 0 || !error) continue;
    const SteadyTime deadline = std::chrono::steady_clock::now() + stall_max;
    const Wired<void> waited = co_await Wait(tcp::socket::wait_write, deadline);
    if (!waited) co_return waited;
  }
  co_return Wired<void>();
}

asio::awaitable<Wired<void>> Wire::Wait(tcp::socket::wait_type what, SteadyTime deadline) {
  const bool is_read = what == tcp::socket::wait_read;
  if (is_closed_) co_return std::unexpected(WireError::kGone);
  if (is_read && reads_cancelled_) co_return std::unexpected(WireError::kCancelled);
  SetDeadline(deadline);
  bytes_without_wait_ = 0;
  const auto [error] = co_await socket_.async_wait(what, kTuple);
  deadline_ = SteadyTime::max();
  if (is_closed_) co_return std::unexpected(WireError::kGone);
  if (std::exchange(has_timed_out_, false)) co_return std::unexpected(WireError::kTimedOut);
  if (is_read && reads_cancelled_) co_return std::unexpected(WireError::kCancelled);
  // Cancelling stops every operation of the socket: those not meant are tried again by the caller.
  if (error && error != asio::error::operation_aborted) co_return std::unexpected(WireError::kGone);
  co_return Wired<void>();
}

bool Wire::IsOutOfBreath(size_t more_bytes) {
  bytes_without_wait_ += more_bytes;
  if (bytes_without_wait_ < kBreathBytes) return false;
  bytes_without_wait_ = 0;
  return true;
}

asio::awaitable<void> Wire::Linger(std::chrono::milliseconds idle_max,
                                   std::chrono::milliseconds total_max) {
  if (is_closed_) co_return;
  AllowReads();
  StopWatching();
  if (tls_) tls_->SayGoodbye();
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  Consume(buffered().size());
  const SteadyTime end = std::chrono::steady_clock::now() + total_max;
  std::string dropped(16384, '\0');
  while (true) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now >= end) co_return;
    const Wired<size_t> received = co_await Receive(dropped, std::min(end, now + idle_max));
    if (!received) co_return;
  }
}

void Wire::Watch(std::function<void()> on_gone) {
  on_gone_ = std::move(on_gone);
  ArmWatch();
}

void Wire::ArmWatch() {
  if (is_watching_ || is_closed_) return;
  is_watching_ = true;
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this()](const error_code&) { self->OnReadable(); });
}

// Bytes mean another request in the pipeline; they stay where they are, and hide the peer's going.
void Wire::OnReadable() {
  is_watching_ = false;
  if (!on_gone_ || is_closed_) return;
  if (tls_) {
    const auto peeked = tls_->Peek();
    if (peeked) return;
    if (peeked.error() != TlsNeed::kGone) return ArmWatch();
  } else {
    char byte = 0;
    error_code error;
    socket_.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    if (WouldBlock(error)) return ArmWatch();
    if (!error) return;
  }
  const std::function<void()> on_gone = std::exchange(on_gone_, nullptr);
  on_gone();
}

void Wire::CancelReads() {
  reads_cancelled_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Wire::Close() {
  if (is_closed_) return;
  is_closed_ = true;
  on_gone_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
}

void Wire::Reset() {
  error_code ignored;
  if (!is_closed_) socket_.set_option(tcp::socket::linger(true, 0), ignored);
  Close();
}

void Wire::SetDeadline(SteadyTime deadline) {
  deadline_ = deadline;
  if (deadline >= timer_end_) return;
  timer_end_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](const error_code& error) { self->OnTimer(error); });
}

void Wire::OnTimer(const error_code& error) {
  if (error || is_closed_) return;  // set anew, or no longer needed
  timer_end_ = SteadyTime::max();
  if (deadline_ == SteadyTime::max()) return;
  if (std::chrono::steady_clock::now() < deadline_) return SetDeadline(deadline_);
  deadline_ = SteadyTime::max();
  has_timed_out_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

}  // namespace verbatim::http
