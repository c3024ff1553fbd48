#include "sandbox/launcher.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "sandbox/impl/messages.h"
#include "sandbox/impl/zygote.h"

extern char** environ;

namespace verbatim::sandbox {
namespace {

constexpr int kReportPatienceMs = 10'000;

// Closes what it is given unless it was given away.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int get() const { return number_; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

// Of the other end of a control socket.
bool IsGone(int error) { return error == EPIPE || error == ECONNRESET || error == ENOTCONN; }

}  // namespace

Result<std::unique_ptr<Launcher>> Launcher::Start(LauncherOptions options) {
  std::unique_ptr<Launcher> launcher(new Launcher(std::move(options)));
  MutexLock lock(launcher->mutex_);
  TRY_VOID(launcher->Fork());
  return launcher;
}

Launcher::~Launcher() {
  MutexLock lock(mutex_);
  Leave();
}

Result<LayerReport> Launcher::report() {
  MutexLock lock(mutex_);
  if (!report_) report_ = TRY(AwaitReport());
  return *report_;
}

Result<Child> Launcher::Launch(const LaunchOptions& options) {
  const auto connection = TRY(MakeSocketPair());
  Descriptor far_connection(connection[1]);
  Descriptor near_connection(connection[0]);
  const auto end = TRY(MakeSocketPair());
  Descriptor far_end(end[1]);
  Child child(near_connection.Release(), end[0]);
  const LaunchMessage message{options.memory_bytes, options.cpu_seconds};
  const LaunchDescriptors descriptors{far_connection.get(), far_end.get(),
                                      options.input.value_or(-1)};
  MutexLock lock(mutex_);
  int error = control_ < 0 ? ENOTCONN : SendLaunch(control_, message, descriptors);
  if (IsGone(error)) {
    TRY_VOID(Spawn());
    error = SendLaunch(control_, message, descriptors);
  }
  if (error != 0) return Failure(SystemError(error, "starting a process to read media"));
  return child;
}

Result<void> Launcher::Fork() {
  const auto ends = TRY(MakeSocketPair());
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ServeLaunches(ends[1], options_.work);
  }
  close(ends[1]);
  control_ = ends[0];
  zygote_ = pid;
  if (pid < 0) return Failure(SystemError(errno, "starting a process to read media"));
  return {};
}

// In place of one that died. By exec, since the program has many threads now.
Result<void> Launcher::Spawn() {
  Leave();
  if (options_.zygote_word.empty()) {
    return Fail(ErrorCode::kInternal, "the process that starts readers of media is gone");
  }
  const auto ends = TRY(MakeSocketPair());
  Descriptor far_end(ends[1]);
  control_ = ends[0];
  std::string name = "verbatim";
  std::string word = options_.zygote_word;
  const std::array<char*, 3> words = {name.data(), word.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, far_end.get(), kControlDescriptor);
  const int error =
      posix_spawn(&zygote_, "/proc/self/exe", &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Failure(SystemError(error, "starting a process to read media"));
  return {};
}

Result<LayerReport> Launcher::AwaitReport() {
  std::array<char, kMessageBytesMax> buffer{};
  pollfd waited{control_, POLLIN, 0};
  ssize_t got = 0;
  if (poll(&waited, 1, kReportPatienceMs) > 0) {
    got = recv(control_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  }
  std::optional<LayerReport> report;
  if (got > 0) report = DecodeReport({buffer.data(), static_cast<size_t>(got)});
  if (report) return *std::move(report);
  return Fail(ErrorCode::kInternal, "the process that starts readers of media does not answer");
}

void Launcher::Leave() {
  report_.reset();
  if (control_ >= 0) close(control_);
  control_ = -1;
  if (zygote_ > 0) {
    kill(zygote_, SIGKILL);  // it would end by itself, but for one that was stopped
    waitpid(zygote_, nullptr, 0);
  }
  zygote_ = -1;
}

void RunZygote(Work work) { ServeLaunches(kControlDescriptor, work); }

}  // namespace verbatim::sandbox
