#include "pipeline/window_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace verbatim::pipeline {

bool WindowQueue::Push(WindowJob job, const std::stop_token& stop) NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(mutex_);
  if (!changed_.wait(mutex_, stop, [this] { return jobs_.size() < size_max_; })) return false;
  jobs_.push_back(std::move(job));
  ++arrived_;
  changed_.notify_all();
  return true;
}

size_t WindowQueue::AwaitFirst(size_t count,
                               const std::stop_token& stop) NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(mutex_);
  CHECK(count <= size_max_);
  changed_.wait(mutex_, stop, [&] { return arrived_ >= count || is_closed_; });
  return stop.stop_requested() ? 0 : std::min(count, arrived_);
}

std::optional<WindowJob> WindowQueue::Pop(const std::stop_token& stop) NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(mutex_);
  changed_.wait(mutex_, stop, [this] { return !jobs_.empty() || is_closed_; });
  if (stop.stop_requested()) return std::nullopt;
  return TakeFirst();
}

std::optional<WindowJob> WindowQueue::TryPop() {
  MutexLock lock(mutex_);
  return TakeFirst();
}

std::optional<WindowJob> WindowQueue::TakeFirst() {
  if (jobs_.empty()) return std::nullopt;
  WindowJob job = std::move(jobs_.front());
  jobs_.pop_front();
  changed_.notify_all();
  return job;
}

void WindowQueue::Close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

}  // namespace verbatim::pipeline
