// Windows on their way from the reader to the workers. Bounded: a full queue makes the reader wait,
// so a long file never lies in memory.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/mutex.h"
#include "split/window_planner.h"

namespace verbatim::pipeline {

class FileTrack;

// One window with its audio.
struct WindowJob {
  FileTrack* file = nullptr;
  split::Window window;
  std::vector<float> samples;
};

class WindowQueue {
 public:
  explicit WindowQueue(size_t size_max) : size_max_(size_max) {}

  // Waits while the queue is full. False: stopped, the job is dropped. Thread: any.
  bool Push(WindowJob job, const std::stop_token& stop);

  // Waits until `count` windows have come, which must fit the queue, or no more will. How many of
  // them came; every caller with the same count hears the same number. 0: also if stopped.
  size_t AwaitFirst(size_t count, const std::stop_token& stop);

  // Waits for a window. None: closed and empty, or stopped.
  std::optional<WindowJob> Pop(const std::stop_token& stop);

  // A window if there is one now.
  std::optional<WindowJob> TryPop();

  // Nothing more will come.
  void Close();

 private:
  std::optional<WindowJob> TakeFirst() REQUIRES(mutex_);

  const size_t size_max_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<WindowJob> jobs_ GUARDED_BY(mutex_);
  size_t arrived_ GUARDED_BY(mutex_) = 0;  // since the start
  bool is_closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace verbatim::pipeline
