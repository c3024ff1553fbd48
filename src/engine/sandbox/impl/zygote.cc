#include "sandbox/impl/zygote.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include "sandbox/impl/build.h"
#include "sandbox/impl/namespaces.h"
#include "sandbox/impl/trial.h"
#include "sandbox/impl/worker.h"

namespace verbatim::sandbox {
namespace {

extern "C" char** environ;

// Nothing of the program that forked it stays in reach: its terminal, files, environment, and the
// signals that are meant for it.
void LeaveProgram(int control) {
  setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  prctl(PR_SET_NAME, "verbatim-media", 0, 0, 0);
  for (char** variable = environ; *variable != nullptr && !kIsSanitized; ++variable) {
    explicit_bzero(*variable, std::strlen(*variable));
  }
  if (control != kControlDescriptor) dup2(control, kControlDescriptor);
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const bool is_kept = kIsSanitized && number == STDERR_FILENO;
    if (nowhere >= 0 && !is_kept) dup2(nowhere, number);
  }
  fcntl(kControlDescriptor, F_SETFD, FD_CLOEXEC);
  syscall(SYS_close_range, static_cast<unsigned>(kControlDescriptor) + 1, ~0U, 0);
}

// What is mapped now, with which every process begins. Unit: bytes.
uint64_t MappedBytes() {
  unsigned long long pages = 0;
  FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return uint64_t{1} << 30;
  if (std::fscanf(file, "%llu", &pages) != 1) pages = 0;
  std::fclose(file);
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

EndMessage EndOf(int status, const rusage& usage) {
  EndMessage message;
  const bool is_signal = WIFSIGNALED(status);
  message.kind = static_cast<int32_t>(is_signal ? End::Kind::kSignal : End::Kind::kExit);
  message.value = is_signal ? WTERMSIG(status) : WEXITSTATUS(status);
  for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
    message.cpu_ms += time.tv_sec * 1000 + time.tv_usec / 1000;
  }
  return message;
}

class Zygote {
 public:
  explicit Zygote(Work work) : work_(work), mapped_bytes_(MappedBytes()) {}

  // Errors: what keeps any process from being locked up.
  Result<void> Prepare() {
    LayerErrors errors{};
    proc_ = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    EnterNamespaces(errors);
    calls_ = TRY(SystemCallList::Make(Refusal::kEnd));
    report_ = TestLayers(*calls_, LimitsFor({uint64_t{1} << 30, 60}), errors);
    return {};
  }

  const LayerReport& report() const { return report_; }

  void Serve() {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, nullptr);
    const int ended_fd = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
      std::vector<pollfd> waited = {{kControlDescriptor, POLLIN, 0}, {ended_fd, POLLIN, 0}};
      for (const Running& one : running_) waited.push_back({one.end, 0, 0});  // for its hang-up
      if (poll(waited.data(), waited.size(), -1) < 0) continue;
      for (size_t i = 0; i < running_.size(); ++i) {
        if (waited[i + 2].revents != 0) EndUnwanted(running_[i]);
      }
      if (waited[1].revents != 0) {
        signalfd_siginfo ignored{};
        while (read(ended_fd, &ignored, sizeof ignored) > 0) continue;
        Reap();
      }
      if (waited[0].revents == 0) continue;
      const auto launch = ReceiveLaunch(kControlDescriptor);
      if (!launch) break;
      Launch(*launch);
    }
    for (const Running& one : running_) kill(one.pid, SIGKILL);
  }

 private:
  struct Running {
    pid_t pid = 0;
    int end = -1;  // to tell of it; -1: nobody wants to know any more
  };

  Limits LimitsFor(const LaunchMessage& message) const {
    return {mapped_bytes_ + message.memory_bytes, message.cpu_seconds};
  }

  void Launch(const ReceivedLaunch& launch) {
    const LaunchDescriptors& descriptors = launch.descriptors;
    const pid_t pid = ForkChild(report_.IsActive(Layer::kPidNamespace));
    if (pid == 0) {
      RunWorker({LimitsFor(launch.message), descriptors, &*calls_, &report_, proc_}, work_);
    }
    if (pid > 0) {
      running_.push_back({pid, descriptors.end});
    } else {
      Tell(descriptors.end, {static_cast<int32_t>(End::Kind::kNotStarted), errno, 0});
    }
    close(descriptors.connection);
    if (descriptors.input >= 0) close(descriptors.input);
  }

  // Its parent has closed its end: it is not wanted any more.
  static void EndUnwanted(Running& one) {
    kill(one.pid, SIGKILL);
    close(one.end);
    one.end = -1;
  }

  void Reap() {
    std::erase_if(running_, [](const Running& one) {
      int status = 0;
      rusage usage{};
      if (wait4(one.pid, &status, WNOHANG, &usage) != one.pid) return false;
      if (one.end >= 0) Tell(one.end, EndOf(status, usage));
      return true;
    });
  }

  static void Tell(int end, const EndMessage& message) {
    send(end, &message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(end);
  }

  Work work_;
  uint64_t mapped_bytes_;
  int proc_ = -1;
  std::optional<SystemCallList> calls_;
  LayerReport report_;
  std::vector<Running> running_;
};

}  // namespace

void ServeLaunches(int control, Work work) {
  LeaveProgram(control);
  Zygote zygote(work);
  LayerReport report;
  if (const Result<void> prepared = zygote.Prepare(); prepared) {
    report = zygote.report();
  } else {
    report = UnusableReport(prepared.error().message);
  }
  const std::string hello = EncodeReport(report);
  send(kControlDescriptor, hello.data(), hello.size(), MSG_NOSIGNAL);
  if (report.IsActive(Layer::kProcess)) zygote.Serve();
  _exit(0);
}

}  // namespace verbatim::sandbox
