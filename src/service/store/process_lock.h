// Keeps a second process away from the data. The system drops the lock when the process ends,
// however it ends; the lock file itself stays.
#pragma once

#include <filesystem>

#include "base/error.h"

namespace verbatim::store {

class ProcessLock {
 public:
  // Errors: kConflict if another process has it; kIo, kNotFound, kOutOfSpace.
  static Result<ProcessLock> Take(const std::filesystem::path& path);
  ~ProcessLock();
  ProcessLock(ProcessLock&& other) noexcept;
  ProcessLock& operator=(ProcessLock&&) = delete;

 private:
  explicit ProcessLock(int file) : file_(file) {}

  int file_;  // -1: moved from
};

}  // namespace verbatim::store
