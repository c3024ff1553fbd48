#include "pipeline/window_queue.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <tuple>

#include "base/check.h"

namespace verbatim::pipeline {

std::vector<size_t> WindowQueue::Resize(const Options& options) {
  MutexLock lock(mutex_);
  options_ = options;
  std::vector<size_t> missing;
  for (size_t worker = 0; worker < options_.workers; ++worker) {
    if (workers_.insert(worker).second) missing.push_back(worker);
  }
  changed_.notify_all();
  return missing;
}

std::optional<Turn> WindowQueue::Await(size_t worker, const std::optional<WorkerShape>& now)
    NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(mutex_);
  ++idle_;
  const auto leaves = [&] { return is_closed_ || worker >= options_.workers; };
  while (!leaves() && !MayStart()) {
    if (waiting() > 0 && !is_started_) {
      changed_.wait_until(mutex_, *first_came_ + options_.first_wait);
    } else {
      changed_.wait(mutex_);
    }
  }
  --idle_;
  const std::optional<WorkerShape> shape = leaves() ? std::nullopt : FindShape(worker, now);
  if (!shape) {
    workers_.erase(worker);
    changed_.notify_all();
    return std::nullopt;
  }
  busy_threads_ += shape->threads;
  return Turn{Take(*Next()), *shape, worker};
}

// What the worker is to be for the next window. None: there is no room for it.
std::optional<WorkerShape> WindowQueue::FindShape(size_t worker,
                                                  const std::optional<WorkerShape>& now) {
  while (true) {
    const WorkerShape shape = ShapeFor(now);
    if (now == shape || !options_.has_room) return shape;
    const bool is_smallest = IsLast(worker) && options_.batch == 1;
    if (options_.has_room(worker, shape, is_smallest ? Need::kOnly : Need::kWelcome)) return shape;
    ++refusals_;
    if (!IsLast(worker) || is_smallest) {
      has_failed_ = is_smallest;
      return std::nullopt;
    }
    options_.batch /= 2;
  }
}

// No other that stays is there.
bool WindowQueue::IsLast(size_t worker) const {
  return std::ranges::none_of(
      workers_, [&](size_t other) { return other != worker && other < options_.workers; });
}

std::optional<WindowJob> WindowQueue::TryTake(const Turn& turn) {
  const WorkerShape& shape = turn.shape;
  MutexLock lock(mutex_);
  // It leaves, has to give back the threads of others, or is to be made anew.
  if (turn.worker >= options_.workers || shape.threads != options_.threads ||
      shape.batch != options_.batch) {
    return std::nullopt;
  }
  const size_t starting = std::min(idle_, free_threads() / options_.threads);
  if (waiting() <= starting) return std::nullopt;
  Share& next = *Next();
  if (!shape.size.Holds(next.traits.size)) return std::nullopt;
  return Take(next);
}

void WindowQueue::Finish(const WindowJob& job) {
  MutexLock lock(mutex_);
  if (Share* share = Find(job.place)) --share->in_work;
  changed_.notify_all();
}

void WindowQueue::EndTurn(const Turn& turn) {
  MutexLock lock(mutex_);
  busy_threads_ -= turn.shape.threads;
  changed_.notify_all();
}

void WindowQueue::Close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

size_t WindowQueue::refusals() {
  MutexLock lock(mutex_);
  return refusals_;
}

bool WindowQueue::has_failed() {
  MutexLock lock(mutex_);
  return has_failed_;
}

WindowQueue::Share* WindowQueue::Find(uint64_t place) {
  const auto found = std::ranges::find(shares_, place, &Share::place);
  return found == shares_.end() ? nullptr : &*found;
}

// The share whose first window is the next one. None: nothing waits.
WindowQueue::Share* WindowQueue::Next() {
  Share* best = nullptr;
  const auto rank = [](const Share& share) {
    return std::tuple(-int64_t{share.traits.priority}, share.in_work, share.last_turn);
  };
  for (Share& share : shares_) {
    if (share.waiting.empty()) continue;
    if (best == nullptr || rank(share) < rank(*best)) best = &share;
  }
  return best;
}

WindowJob WindowQueue::Take(Share& share) {
  WindowJob job = std::move(share.waiting.front());
  share.waiting.pop_front();
  ++share.in_work;
  share.last_turn = ++turns_;
  changed_.notify_all();
  return job;
}

bool WindowQueue::MayStart() {
  if (waiting() == 0 || free_threads() < options_.threads) return false;
  if (!is_started_) {
    is_started_ = load() >= options_.workers || is_all_read() ||
                  std::chrono::steady_clock::now() >= *first_came_ + options_.first_wait;
  }
  return is_started_;
}

// Its decoder holds the windows of every call there is.
WorkerShape WindowQueue::ShapeFor(const std::optional<WorkerShape>& now) const {
  WorkerShape shape{options_.threads, options_.batch, {}};
  for (const Share& share : shares_) shape.size = shape.size.With(share.traits.size);
  if (options_.is_spreading && is_all_read() && load() < options_.workers) {
    shape.threads = std::min(options_.workers * options_.threads / load(), free_threads());
  }
  const bool may_stay = now && now->batch == shape.batch && now->size.Holds(shape.size) &&
                        (now->threads == options_.threads || now->threads == shape.threads);
  return may_stay ? *now : shape;
}

size_t WindowQueue::waiting() const {
  return std::transform_reduce(shares_.begin(), shares_.end(), size_t{0}, std::plus{},
                               [](const Share& share) { return share.waiting.size(); });
}

// Windows that are there, waiting or in work.
size_t WindowQueue::load() const {
  return std::transform_reduce(shares_.begin(), shares_.end(), waiting(), std::plus{},
                               [](const Share& share) { return share.in_work; });
}

bool WindowQueue::is_all_read() const { return std::ranges::all_of(shares_, &Share::is_read); }

// None for a while after there were more workers.
size_t WindowQueue::free_threads() const {
  const size_t threads = options_.workers * options_.threads;
  return threads - std::min(threads, busy_threads_);
}

WindowQueue::Place::Place(WindowQueue& queue, const CallTraits& traits) : queue_(queue) {
  MutexLock lock(queue_.mutex_);
  Share& share = queue_.shares_.emplace_back();
  share.place = place_ = queue_.next_place_++;
  share.traits = traits;
}

WindowQueue::Place::~Place() {
  std::deque<WindowJob> dropped;  // destroyed after the lock is given up
  MutexLock lock(queue_.mutex_);
  std::swap(dropped, queue_.Find(place_)->waiting);
  std::erase_if(queue_.shares_, [this](const Share& share) { return share.place == place_; });
  queue_.changed_.notify_all();
}

bool WindowQueue::Place::Push(WindowJob job,
                              const std::stop_token& stop) NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(queue_.mutex_);
  Share& share = *queue_.Find(place_);
  CHECK(!share.is_read);
  const bool has_place = queue_.changed_.wait(queue_.mutex_, stop, [&] {
    return queue_.has_failed_ || share.waiting.size() < queue_.options_.waiting_max;
  });
  // The wait does not look at the stop where there is a place at once.
  if (!has_place || queue_.has_failed_ || stop.stop_requested()) return false;
  job.place = place_;
  share.waiting.push_back(std::move(job));
  if (!queue_.first_came_) queue_.first_came_ = std::chrono::steady_clock::now();
  queue_.changed_.notify_all();
  return true;
}

void WindowQueue::Place::EndReading() {
  MutexLock lock(queue_.mutex_);
  queue_.Find(place_)->is_read = true;
  queue_.changed_.notify_all();
}

bool WindowQueue::Place::AwaitFinished(const std::stop_token& stop) NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(queue_.mutex_);
  const Share& share = *queue_.Find(place_);
  CHECK(share.is_read);
  queue_.changed_.wait(queue_.mutex_, stop, [&] {
    return queue_.has_failed_ || (share.waiting.empty() && share.in_work == 0);
  });
  return !stop.stop_requested() && !queue_.has_failed_;
}

}  // namespace verbatim::pipeline
