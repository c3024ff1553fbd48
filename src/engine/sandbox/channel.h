// The end of the connection that a locked-up process has. Whole messages go in and out, with
// nothing but read() and write(), which are all that such a process may do.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace verbatim::sandbox {

// Of one message. Its sender may not exceed it, its receiver takes no more.
inline constexpr size_t kMessageBytesMax = 96 << 10;

class Channel {
 public:
  // The descriptor of a socket that keeps messages apart; it stays the caller's.
  explicit Channel(int descriptor) : descriptor_(descriptor) {}

  // Waits for the next message, which is valid until the next call. None: the other end is gone.
  std::optional<std::string_view> Receive();

  // Waits while the other end has too much to read. False: it is gone.
  bool Send(std::string_view message);

 private:
  int descriptor_;
  std::string buffer_;
};

}  // namespace verbatim::sandbox
