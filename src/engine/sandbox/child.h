// A locked-up process from its parent's side. What comes from it is a stranger's word: messages are
// bounded, waiting has an end, and it can be stopped at any time. It is killed when this object
// goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "sandbox/channel.h"

namespace verbatim::sandbox {

// How a process ended.
struct End {
  enum class Kind {
    kExit,        // by itself, with a code
    kSignal,      // by a signal
    kNotStarted,  // there was no process; `value` is the error number
    kUnknown,     // nobody is left to tell
  };
  Kind kind = Kind::kUnknown;
  int value = 0;
  std::chrono::milliseconds cpu_time{0};  // that it took
};

// Codes of a process that ended before, or instead of, doing its work.
inline constexpr int kExitUnlocked = 10;     // a layer could not be put on
inline constexpr int kExitOutOfMemory = 11;  // its limit was too low

class Child {
 public:
  // Of sockets that are now this object's: the connection, and the one that tells of the end.
  Child(int connection, int end) : connection_(connection), end_(end) {}
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  enum class Outcome {
    kMessage,
    kClosed,   // the process closed the connection, or is gone
    kLate,     // no message within the time
    kTooLong,  // a message beyond kMessageBytesMax
    kStopped,
  };
  struct Received {
    Outcome outcome = Outcome::kClosed;
    std::string_view message;  // valid until the next call
  };

  // Waits for the next message. After kStopped the connection is of no more use.
  Received Receive(std::chrono::milliseconds patience, const std::stop_token& stop);

  // Waits while the process has too much to read. kMessage: it was sent.
  Outcome Send(std::string_view message, std::chrono::milliseconds patience,
               const std::stop_token& stop);

  // To be asked once the connection is closed.
  End AwaitEnd(std::chrono::milliseconds patience);

 private:
  int connection_ = -1;
  int end_ = -1;
  std::string buffer_;
};

}  // namespace verbatim::sandbox
