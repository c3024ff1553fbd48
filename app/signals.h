// Ctrl-C and requests to end: the first asks the run to stop, the second ends the program at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include "base/mutex.h"
#include "exit_code.h"

namespace verbatim::app {

// Make one in main, before any other thread: threads inherit that the signals are blocked, and a
// thread of this class's own receives them. Signals that the program was started with ignored (as
// nohup does) stay ignored.
class SignalWatcher {
 public:
  SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;
  ~SignalWatcher();

  std::stop_token stop_token() const { return stop_.get_token(); }

  // From now on SIGHUP calls this, on the watcher's thread, in place of ending the program; an
  // empty one takes that back.
  void OnHangup(std::function<void()> handler);

  // What to end with after a stop: kInterrupted, or kTerminated if it was no Ctrl-C.
  ExitCode exit_code() const;

 private:
  void Watch();
  bool HandleHangup();

  std::stop_source stop_;
  std::atomic<int> signal_{0};
  int signal_fd_ = -1;
  int wake_fd_ = -1;
  Mutex hangup_mutex_;  // held while the handler runs
  std::function<void()> on_hangup_ GUARDED_BY(hangup_mutex_);
  std::thread thread_;
};

}  // namespace verbatim::app
