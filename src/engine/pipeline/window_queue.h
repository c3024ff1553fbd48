// Windows of all calls on their way from the readers to the workers. Each call has a place with
// room for a few: a full one makes its reader wait, so a long file never lies in memory. Next is,
// of the calls with the highest priority, the one with the fewest windows in work; of several, the
// one that has waited longest for its turn. So a short file never waits behind a long one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "pipeline/collector.h"
#include "pipeline/decoding_plan.h"
#include "pipeline/worker_memory.h"
#include "split/window_planner.h"

namespace verbatim::pipeline {

// What workers need to know of a call. It lives as long as any worker has a window of it, which may
// be a moment longer than the call itself if that was stopped.
struct Call {
  Call(DecodingPlan decoding_plan, std::span<const FileRequest> files,
       const TranscribeEvents& events, RunTraits traits, std::stop_token stop_token)
      : plan(std::move(decoding_plan)),
        collector(files, events, std::move(traits)),
        stop(std::move(stop_token)) {}

  const DecodingPlan plan;
  Collector collector;
  const std::stop_token stop;
};

// One window with its audio.
struct WindowJob {
  std::shared_ptr<Call> call;
  FileTrack* file = nullptr;
  split::Window window;
  std::vector<float> samples;
  uint64_t place = 0;  // set by the queue
};

// What a worker is made for.
struct WorkerShape {
  size_t threads = 1;
  size_t batch = 1;  // windows at a time
  DecoderSize size;

  friend bool operator==(const WorkerShape&, const WorkerShape&) = default;
};

// A worker's turn: from the first window of its batch until the batch is empty again.
struct Turn {
  WindowJob first;
  WorkerShape shape;
  size_t worker = 0;  // whose it is
};

class WindowQueue {
 public:
  struct Options {
    size_t workers = 1;
    size_t threads = 1;         // of each worker
    size_t batch = 1;           // windows of each worker
    bool is_spreading = false;  // with fewer windows than workers, those with work get the others'
                                // threads
    size_t waiting_max = 1;     // windows of one call
    std::chrono::milliseconds first_wait{500};  // for a window for each worker, at the start
    // Whether a worker of a shape may be made now; none: any may.
    std::function<bool(size_t worker, const WorkerShape&, Need)> has_room = nullptr;
  };
  struct CallTraits {
    int priority = 0;
    DecoderSize size = {};
  };
  class Place;

  explicit WindowQueue(const Options& options) : options_(options) {}

  // From now on there are so many workers, of such a shape. Workers come to the end of their turns
  // and are made anew, or leave; nothing is lost. Returns the workers, by number from 0, that are
  // there no more, or not yet: the caller starts them. Thread: any.
  std::vector<size_t> Resize(const Options& options);

  // For a worker without any window: waits for one, and says what the worker has to be for it. The
  // first windows of all are waited for until every worker has one or there are no more to come, so
  // that few windows can be spread. `now`: what the worker is, if it is made yet; it stays that if
  // it can, since making it anew costs time and memory. None: the worker is one too many, there is
  // no room for it beside the others, or the queue is closed: it leaves. The last one is not sent
  // away: it gets smaller batches, and where there is no room for one window, all calls fail.
  // Thread: any.
  std::optional<Turn> Await(size_t worker, const std::optional<WorkerShape>& now = std::nullopt);

  // For a worker in its turn: a further window, if there is one for it now. There is none if
  // another worker has nothing to do, and none if this one is to leave or to be made anew, for a
  // window or by Resize: its turn comes to its end then.
  std::optional<WindowJob> TryTake(const Turn& turn);

  // A window that was taken is done, or given up.
  void Finish(const WindowJob& job);

  // The worker has no window any more.
  void EndTurn(const Turn& turn);

  // Nothing more will come.
  void Close();

  // How many workers left, or came to have smaller batches, because there was no room.
  size_t refusals();

  // There was no room for any worker: no call comes to its end.
  bool has_failed();

 private:
  struct Share {
    uint64_t place = 0;
    CallTraits traits;
    std::deque<WindowJob> waiting;
    size_t in_work = 0;
    uint64_t last_turn = 0;  // when it last gave a window; 0: not yet
    bool is_read = false;    // nothing more comes from the reader
  };

  Share* Find(uint64_t place) REQUIRES(mutex_);
  Share* Next() REQUIRES(mutex_);
  WindowJob Take(Share& share) REQUIRES(mutex_);
  bool MayStart() REQUIRES(mutex_);
  WorkerShape ShapeFor(const std::optional<WorkerShape>& now) const REQUIRES(mutex_);
  size_t waiting() const REQUIRES(mutex_);
  size_t load() const REQUIRES(mutex_);
  bool is_all_read() const REQUIRES(mutex_);
  size_t free_threads() const REQUIRES(mutex_);
  bool IsLast(size_t worker) const REQUIRES(mutex_);
  std::optional<WorkerShape> FindShape(size_t worker, const std::optional<WorkerShape>& now)
      REQUIRES(mutex_);

  Mutex mutex_;
  Options options_ GUARDED_BY(mutex_);
  ConditionVariable changed_;
  std::list<Share> shares_ GUARDED_BY(mutex_);   // in order of arrival
  std::set<size_t> workers_ GUARDED_BY(mutex_);  // that were started and have not left
  uint64_t next_place_ GUARDED_BY(mutex_) = 1;
  uint64_t turns_ GUARDED_BY(mutex_) = 0;       // windows given so far
  size_t idle_ GUARDED_BY(mutex_) = 0;          // workers in Await
  size_t busy_threads_ GUARDED_BY(mutex_) = 0;  // of workers in their turn
  bool is_started_ GUARDED_BY(mutex_) = false;  // the first windows are no longer waited for
  std::optional<std::chrono::steady_clock::time_point> first_came_ GUARDED_BY(mutex_);
  size_t refusals_ GUARDED_BY(mutex_) = 0;
  bool has_failed_ GUARDED_BY(mutex_) = false;
  bool is_closed_ GUARDED_BY(mutex_) = false;
};

// A call's place in the queue. What still waits there is dropped at its end.
class WindowQueue::Place {
 public:
  // Takes a place behind all others. The queue must outlive it.
  Place(WindowQueue& queue, const CallTraits& traits);
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // Waits while the place is full. False: stopped or failed, the job is dropped.
  bool Push(WindowJob job, const std::stop_token& stop);

  // No more windows will come.
  void EndReading();

  // After EndReading: waits until all windows are finished. False: stopped or failed.
  bool AwaitFinished(const std::stop_token& stop);

 private:
  WindowQueue& queue_;
  uint64_t place_;
};

}  // namespace verbatim::pipeline
