#include "kernels/thread_pool.h"

#include <utility>

#include "base/check.h"
#include "kernels/cpu.h"

namespace verbatim::kernels {
namespace {

// About 20 microseconds: longer than most waits between two parts of one layer, short enough not to
// disturb others.
constexpr int kSpins = 2000;

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Returns when `value` is no longer `old`.
void WaitWhile(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(size_t threads, profile::StageMeter* meter) {
  CHECK(threads >= 1);
  clocks_.emplace_back(meter, profile::Stage::kPreparing);
  for (size_t thread = 1; thread < threads; ++thread) {
    clocks_.emplace_back(meter, profile::Stage::kThreadWait);
  }
  for (size_t thread = 1; thread < threads; ++thread) {
    helpers_.emplace_back([this, thread] { Help(thread); });
  }
}

ThreadPool::~ThreadPool() {
  is_ending_ = true;
  ++round_;
  round_.notify_all();
}

void ThreadPool::RunAll(size_t count, void* callable, Call call) {
  callable_ = callable;
  call_ = call;
  count_ = count;
  stage_ = clocks_[0].stage();
  next_.store(0, std::memory_order_relaxed);
  busy_.store(static_cast<uint32_t>(helpers_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  Work(0);
  clocks_[0].SwitchTo(profile::Stage::kThreadWait);
  for (uint32_t left = busy_.load(std::memory_order_acquire); left != 0;
       left = busy_.load(std::memory_order_acquire)) {
    WaitWhile(busy_, left);
  }
  clocks_[0].SwitchTo(stage_);
  if (has_failed_.exchange(false)) std::rethrow_exception(std::exchange(failure_, nullptr));
}

// What a part throws for lack of memory must neither end a helper's thread, nor the caller's work
// while others are at it.
void ThreadPool::Work(size_t thread) {
  try {
    for (size_t index = next_.fetch_add(1, std::memory_order_relaxed); index < count_;
         index = next_.fetch_add(1, std::memory_order_relaxed)) {
      call_(callable_, index, thread);
    }
  } catch (...) {
    next_.store(count_, std::memory_order_relaxed);
    if (!has_failed_.exchange(true)) failure_ = std::current_exception();
  }
}

void ThreadPool::Help(size_t thread) {
  PrepareThread();
  uint32_t seen = 0;
  while (true) {
    WaitWhile(round_, seen);
    ++seen;
    if (is_ending_) return;
    clocks_[thread].SwitchTo(stage_);
    Work(thread);
    clocks_[thread].SwitchTo(profile::Stage::kThreadWait);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_all();
  }
}

}  // namespace verbatim::kernels
