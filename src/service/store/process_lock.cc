#include "store/process_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace verbatim::store {

Result<ProcessLock> ProcessLock::Take(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Failure(SystemError(errno, "opening " + path.string()));
  ProcessLock lock(file);
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return Failure(SystemError(errno, "locking " + path.string()));
    return Fail(ErrorCode::kConflict, "another process uses " + path.parent_path().string() +
                                          ": stop it, or choose another data folder");
  }
  return lock;
}

ProcessLock::~ProcessLock() {
  if (file_ >= 0) close(file_);
}

ProcessLock::ProcessLock(ProcessLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

}  // namespace verbatim::store
