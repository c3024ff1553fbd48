#include "sandbox/impl/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <new>
#include <string_view>

#include "sandbox/child.h"
#include "sandbox/impl/build.h"

namespace verbatim::sandbox {
namespace {

// Numbers that none of the fixed ones can meet.
constexpr int kOutOfTheWay = 10;

void MoveTo(int descriptor, int number) {
  dup2(descriptor, number);
  close(descriptor);
}

// Nothing was promised that is not there.
bool Holds(const LayerErrors& errors, const LayerReport& report) {
  for (const LayerState& state : report.layers) {
    if (state.is_active && errors[static_cast<size_t>(state.layer)] != 0) return false;
  }
  return true;
}

// Where memory is short, the kernel ends this process before the one that serves everybody. Without
// /proc, it chooses by size.
void GoFirst(int proc) {
  const int file = openat(proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  constexpr std::string_view kMost = "1000";
  static_cast<void>(!write(file, kMost.data(), kMost.size()));
  close(file);
}

}  // namespace

void KeepOnly(const LaunchDescriptors& descriptors) {
  const int connection = fcntl(descriptors.connection, F_DUPFD, kOutOfTheWay);
  const int input = descriptors.input < 0 ? -1 : fcntl(descriptors.input, F_DUPFD, kOutOfTheWay);
  MoveTo(connection, kChannelDescriptor);
  if (input >= 0) MoveTo(input, kInputDescriptor);
  const int first_free = input < 0 ? kInputDescriptor : kInputDescriptor + 1;
  syscall(SYS_close_range, static_cast<unsigned>(first_free), ~0U, 0);
  // What the sanitizers find goes to standard error.
  if (!kIsSanitized) syscall(SYS_close_range, 0U, 2U, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void RunWorker(const WorkerSetup& setup, Work work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  GoFirst(setup.proc);
  KeepOnly(setup.descriptors);
  std::set_new_handler([] { _exit(kExitOutOfMemory); });
  LayerErrors errors{};
  LockUp(setup.limits, *setup.calls, errors);
  if (!Holds(errors, *setup.report)) _exit(kExitUnlocked);
  Channel channel(kChannelDescriptor);
  work(channel, setup.descriptors.input < 0 ? std::nullopt : std::optional(kInputDescriptor));
  _exit(0);
}

}  // namespace verbatim::sandbox
