// The list of system calls that reading media needs: memory, the connection, the open file, the
// clock, the end. No call that opens, connects, starts, signals or changes anything is on it, and
// no memory can be made executable.
#pragma once

#include <seccomp.h>

#include <cerrno>
#include <memory>
#include <type_traits>

#include "base/error.h"

namespace verbatim::sandbox {

// Where a locked-up process has its descriptors; all others are closed.
inline constexpr int kChannelDescriptor = 3;
inline constexpr int kInputDescriptor = 4;

// Of a call that fails without more: to open a path, above all.
inline constexpr int kRefusalError = EACCES;

// What happens to a process that makes any other call. kSignal is for the self-test, which lives to
// tell of it.
enum class Refusal { kEnd, kSignal };

class SystemCallList {
 public:
  // Errors: kInternal (libseccomp or the kernel cannot).
  static Result<SystemCallList> Make(Refusal refusal);

  // From now on, and for good, the calling thread makes no other call. Returns an error number, or
  // 0.
  int Enforce() const;

 private:
  struct Deleter {
    void operator()(void* filter) const { seccomp_release(filter); }
  };
  using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Deleter>;

  explicit SystemCallList(Filter filter) : filter_(std::move(filter)) {}

  Filter filter_;
};

}  // namespace verbatim::sandbox
