// A connection's socket with time-outs: tries at once, waits only if it must. Everything runs on
// the connection's strand. One reader or writer at a time, besides a watch for the peer's going.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/impl/tls.h"

namespace verbatim::http {

enum class WireError {
  kGone,  // the peer closed, or the connection broke or was closed here
  kTimedOut,
  kPlainHttp,  // in place of a TLS handshake; from now on the wire is plain, too
  kCancelled   // by CancelReads
};

template <typename T>
using Wired = std::expected<T, WireError>;

class Wire : public std::enable_shared_from_this<Wire> {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // `tls`: null for a plain one.
  Wire(boost::asio::ip::tcp::socket socket, std::unique_ptr<TlsSession> tls);

  bool is_encrypted() const { return tls_ != nullptr; }

  // What comes first on an encrypted wire.
  boost::asio::awaitable<Wired<void>> Handshake(SteadyTime deadline);

  boost::asio::any_io_executor executor() { return socket_.get_executor(); }

  // What has been received and not yet consumed.
  std::string_view buffered() const { return std::string_view(buffer_).substr(consumed_); }
  void Consume(size_t size);

  // Waits for bytes, then appends at most `size_max` to the buffer. While it waits an empty buffer
  // takes no memory.
  boost::asio::awaitable<Wired<void>> Fill(size_t size_max, SteadyTime deadline);

  // Receives some bytes past the buffer, which must be empty. `into` is not.
  boost::asio::awaitable<Wired<size_t>> Receive(std::span<char> into, SteadyTime deadline);

  // Sends all the pieces. `stall_max`: how long the peer may take no byte.
  boost::asio::awaitable<Wired<void>> Send(std::span<const std::string_view> pieces,
                                           std::chrono::milliseconds stall_max);

  // Says that nothing more will be sent, and drops what the peer still sends, so that it can read
  // the last answer before the connection ends.
  boost::asio::awaitable<void> Linger(std::chrono::milliseconds idle_max,
                                      std::chrono::milliseconds total_max);

  // Calls `on_gone` once when the peer closes or breaks the connection. Not while something reads.
  void Watch(std::function<void()> on_gone);
  void StopWatching() { on_gone_ = nullptr; }

  // Makes reads end with kCancelled, until AllowReads.
  void CancelReads();
  void AllowReads() { reads_cancelled_ = false; }

  void Close();
  // The same with a reset: for a peer that takes no bytes. Else the system would keep what is sent,
  // and wait for it, long after.
  void Reset();
  bool is_closed() const { return is_closed_; }

  uint64_t bytes_received() const { return bytes_received_; }
  uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  // None: nothing to read yet.
  std::optional<Wired<size_t>> TryReceive(std::span<char> into);
  std::optional<Wired<size_t>> TryDecrypt(std::span<char> into);
  boost::asio::awaitable<Wired<void>> SendEncrypted(std::string_view bytes,
                                                    std::chrono::milliseconds stall_max);
  boost::asio::awaitable<Wired<void>> Wait(boost::asio::ip::tcp::socket::wait_type what,
                                           SteadyTime deadline);
  // Whether others should run now, after a while of reading or writing without a wait.
  bool IsOutOfBreath(size_t more_bytes);
  void SetDeadline(SteadyTime deadline);
  void OnTimer(const boost::system::error_code& error);
  void ArmWatch();
  void OnReadable();

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<TlsSession> tls_;
  std::string buffer_;
  size_t consumed_ = 0;
  uint64_t bytes_received_ = 0;
  uint64_t bytes_sent_ = 0;
  size_t bytes_without_wait_ = 0;

  // The timer is left running towards an older, earlier deadline: most never come.
  boost::asio::steady_timer timer_;
  SteadyTime deadline_ = SteadyTime::max();
  SteadyTime timer_end_ = SteadyTime::max();  // max: not running
  bool has_timed_out_ = false;

  std::function<void()> on_gone_;
  bool is_watching_ = false;
  bool reads_cancelled_ = false;
  bool is_closed_ = false;
};

}  // namespace verbatim::http
