#include "sandbox/channel.h"

#include <unistd.h>

#include <cerrno>

namespace verbatim::sandbox {

std::optional<std::string_view> Channel::Receive() {
  buffer_.resize(kMessageBytesMax);
  ssize_t got = 0;
  do {
    got = read(descriptor_, buffer_.data(), buffer_.size());
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return std::nullopt;
  return std::string_view(buffer_).substr(0, static_cast<size_t>(got));
}

bool Channel::Send(std::string_view message) {
  ssize_t sent = 0;
  do {
    sent = write(descriptor_, message.data(), message.size());
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(message.size());
}

}  // namespace verbatim::sandbox
