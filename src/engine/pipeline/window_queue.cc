#include "pipeline/window_queue.h"

#include <utility>

namespace verbatim::pipeline {

bool WindowQueue::Push(WindowJob job, const std::stop_token& stop) NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(mutex_);
  if (!changed_.wait(mutex_, stop, [this] { return jobs_.size() < size_max_; })) return false;
  jobs_.push_back(std::move(job));
  changed_.notify_all();
  return true;
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
