// Runs the parts of one piece of work on several threads and waits for all of them. Meant for short
// parts (tens of microseconds to milliseconds): helpers spin for a moment before they sleep. Which
// thread runs a part must not matter to its result.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <vector>

#include "profile/stage_meter.h"

namespace verbatim::kernels {

class ThreadPool {
 public:
  // `threads` includes the caller of Run: a pool of 1 has no helper and Run is a plain loop.
  // With a meter, the time of all its threads is booked there.
  explicit ThreadPool(size_t threads, profile::StageMeter* meter = nullptr);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t threads() const { return helpers_.size() + 1; }

  // Each thread's clock; 0 is that of the thread that made the pool and calls Run. Helpers work in
  // the caller's stage, unless the part itself enters others. Thread: the clock's own.
  profile::StageClock& clock(size_t thread = 0) { return clocks_[thread]; }

  // Calls part(index, thread) once for every index in [0, count), thread in [0, threads()), and
  // returns when all are done. A part that throws ends the others that have not begun, and the
  // caller hears of it when none is at work any more. Thread: one caller at a time, which must have
  // called PrepareThread(). Does not allocate.
  template <typename Part>
  void Run(size_t count, Part&& part) {
    if (helpers_.empty() || count <= 1) {
      for (size_t index = 0; index < count; ++index) part(index, size_t{0});
      return;
    }
    using Callable = std::remove_reference_t<Part>;
    RunAll(count, const_cast<void*>(static_cast<const void*>(&part)),
           [](void* callable, size_t index, size_t thread) {
             (*static_cast<Callable*>(callable))(index, thread);
           });
  }

 private:
  using Call = void (*)(void* callable, size_t index, size_t thread);

  void RunAll(size_t count, void* callable, Call call);
  void Work(size_t thread);
  void Help(size_t thread);

  // Written by the caller before `round_` changes, read by helpers after they saw it change.
  void* callable_ = nullptr;
  Call call_ = nullptr;
  size_t count_ = 0;
  profile::Stage stage_ = profile::Stage::kPreparing;

  std::atomic<uint32_t> round_{0};
  std::atomic<size_t> next_{0};
  std::atomic<uint32_t> busy_{0};
  std::atomic<bool> is_ending_{false};
  std::atomic<bool> has_failed_{false};
  std::exception_ptr failure_;  // of the part that failed first; read when none is at work
  std::deque<profile::StageClock> clocks_;
  std::vector<std::jthread> helpers_;
};

}  // namespace verbatim::kernels
