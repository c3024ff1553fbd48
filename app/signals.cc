#include "signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace verbatim::app {
namespace {

bool IsIgnored(int signal) {
  struct sigaction action{};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

SignalWatcher::SignalWatcher() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!IsIgnored(signal)) sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { Watch(); });
}

SignalWatcher::~SignalWatcher() {
  const uint64_t one = 1;
  while (write(wake_fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
  close(signal_fd_);
  close(wake_fd_);
}

void SignalWatcher::Watch() {
  pollfd sources[] = {{signal_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  while (true) {
    if (poll(sources, 2, -1) < 0) continue;
    if ((sources[1].revents & POLLIN) != 0) return;
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof info) != sizeof info) continue;
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGHUP && HandleHangup()) continue;
    if (stop_.stop_requested()) _exit(128 + signal);
    signal_ = signal;
    stop_.request_stop();
  }
}

void SignalWatcher::OnHangup(std::function<void()> handler) {
  const MutexLock lock(hangup_mutex_);
  on_hangup_ = std::move(handler);
}

bool SignalWatcher::HandleHangup() {
  const MutexLock lock(hangup_mutex_);
  if (!on_hangup_) return false;
  on_hangup_();
  return true;
}

ExitCode SignalWatcher::exit_code() const {
  return signal_ == 0 || signal_ == SIGINT ? ExitCode::kInterrupted : ExitCode::kTerminated;
}

}  // namespace verbatim::app
