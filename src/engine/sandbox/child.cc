#include "sandbox/child.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sandbox/impl/messages.h"

namespace verbatim::sandbox {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// False: the time is over.
bool AwaitReady(int descriptor, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    pollfd waited{descriptor, events, 0};
    const int ready = poll(&waited, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return true;  // what is wrong shows when it is used
  }
}

void Close(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

}  // namespace

Child::Child(Child&& other) noexcept
    : connection_(std::exchange(other.connection_, -1)),
      end_(std::exchange(other.end_, -1)),
      buffer_(std::move(other.buffer_)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(end_, other.end_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

Child::~Child() {
  Close(connection_);
  Close(end_);
}

Child::Received Child::Receive(milliseconds patience, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { shutdown(connection_, SHUT_RDWR); });
  const auto deadline = Clock::now() + patience;
  buffer_.resize(kMessageBytesMax);
  for (;;) {
    const bool is_ready = AwaitReady(connection_, POLLIN, deadline);
    if (stop.stop_requested()) return {Outcome::kStopped, {}};
    if (!is_ready) return {Outcome::kLate, {}};
    const ssize_t got = recv(connection_, buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return {Outcome::kClosed, {}};
    const auto size = static_cast<size_t>(got);
    if (size > buffer_.size()) return {Outcome::kTooLong, {}};
    return {Outcome::kMessage, std::string_view(buffer_).substr(0, size)};
  }
}

Child::Outcome Child::Send(std::string_view message, milliseconds patience,
                           const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { shutdown(connection_, SHUT_RDWR); });
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const bool is_ready = AwaitReady(connection_, POLLOUT, deadline);
    if (stop.stop_requested()) return Outcome::kStopped;
    if (!is_ready) return Outcome::kLate;
    const ssize_t sent =
        send(connection_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    return sent < 0 ? Outcome::kClosed : Outcome::kMessage;
  }
}

End Child::AwaitEnd(milliseconds patience) {
  EndMessage message;
  if (!AwaitReady(end_, POLLIN, Clock::now() + patience)) return {};
  if (recv(end_, &message, sizeof message, MSG_DONTWAIT) != sizeof message) return {};
  return {static_cast<End::Kind>(message.kind), message.value, milliseconds(message.cpu_ms)};
}

}  // namespace verbatim::sandbox
