// One process at a time may pull a model: an advisory lock (flock) that the system frees when its
// holder ends, however it ends.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>

#include "base/error.h"

namespace verbatim::models {

class FolderLock {
 public:
  // Waits until the lock is free; `on_wait` is called once if it has to.
  // Errors: kIo (the lock file can't be made), kCancelled.
  static Result<FolderLock> Acquire(const std::filesystem::path& lock_file,
                                    const std::function<void()>& on_wait,
                                    const std::stop_token& stop);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace verbatim::models
