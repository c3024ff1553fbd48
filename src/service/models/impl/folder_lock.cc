#include "models/impl/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace verbatim::models {

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FolderLock::~FolderLock() {
  if (fd_ >= 0) close(fd_);  // also frees the lock
}

Result<FolderLock> FolderLock::Acquire(const std::filesystem::path& lock_file,
                                       const std::function<void()>& on_wait,
                                       const std::stop_token& stop) {
  const std::string doing = "locking " + lock_file.string();
  FolderLock lock(open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (lock.fd_ < 0) return Failure(SystemError(errno, doing));
  bool told = false;
  while (flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return Failure(SystemError(errno, doing));
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    if (!std::exchange(told, true) && on_wait) on_wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return lock;
}

}  // namespace verbatim::models
