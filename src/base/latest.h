// A value that is replaced while others read it, such as limits that change while a server runs.
#pragma once

#include <utility>

#include "base/mutex.h"

namespace verbatim {

// Thread: any.
template <typename T>
class Latest {
 public:
  explicit Latest(T value) : value_(std::move(value)) {}

  // As it is now; who needs several fields of it takes them from one copy.
  T Get() const {
    const MutexLock lock(mutex_);
    return value_;
  }

  // Replaces it as a whole.
  void Set(T value) {
    const MutexLock lock(mutex_);
    value_ = std::move(value);
  }

 private:
  mutable Mutex mutex_;
  T value_ GUARDED_BY(mutex_);
};

}  // namespace verbatim
