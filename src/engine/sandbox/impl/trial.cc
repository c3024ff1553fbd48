#include "sandbox/impl/trial.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "sandbox/frame.h"
#include "sandbox/impl/messages.h"
#include "sandbox/impl/namespaces.h"
#include "sandbox/impl/worker.h"

namespace verbatim::sandbox {
namespace {

constexpr uint8_t kFindings = 1;
constexpr char kNotLockedUp[] = "no process can be locked up";
constexpr char kPath[] = "/etc/passwd";
constexpr size_t kPageBytes = 4096;

// Not by the functions of the C library, which may refuse by themselves.
template <typename... Arguments>
long Call(long number, Arguments... arguments) {
  return syscall(number, arguments...);
}

long StartProcess() {
  const long process = Call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (process == 0) _exit(0);
  return process;
}

long Execute() {
  const char* const words[] = {"/bin/true", nullptr};
  return Call(SYS_execve, words[0], words, words + 1);
}

long Connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, "/run/x", sizeof address.sun_path - 1);
  return Call(SYS_connect, kChannelDescriptor, &address, sizeof address);
}

constexpr Attempt kAttempts[] = {
    {"opening a file", [] { return Call(SYS_openat, AT_FDCWD, kPath, O_RDONLY); }},
    {"writing to a file",
     [] { return Call(SYS_openat, AT_FDCWD, "/tmp/x", O_WRONLY | O_CREAT | O_EXCL, 0600); }},
    {"reading another process's environment",
     [] { return Call(SYS_openat, AT_FDCWD, "/proc/1/environ", O_RDONLY); }},
    {"making a socket", [] { return Call(SYS_socket, AF_INET, SOCK_STREAM, 0); }},
    {"making a connected pair",
     [] { return Call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, nullptr); }},
    {"connecting", Connect},
    {"sending descriptors", [] { return Call(SYS_sendmsg, kChannelDescriptor, nullptr, 0); }},
    {"receiving descriptors", [] { return Call(SYS_recvmsg, kChannelDescriptor, nullptr, 0); }},
    {"starting a process", StartProcess},
    {"executing a program", Execute},
    {"looking into another process",
     [] { return Call(SYS_ptrace, PTRACE_TRACEME, 0, nullptr, nullptr); }},
    {"reading another process's memory",
     [] { return Call(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }},
    {"signalling another process", [] { return Call(SYS_kill, 1, 0); }},
    {"signalling a thread", [] { return Call(SYS_tgkill, 1, 1, 0); }},
    {"making executable memory",
     [] {
       return Call(SYS_mmap, nullptr, kPageBytes, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
     }},
    {"making memory executable",
     [] { return Call(SYS_mprotect, nullptr, kPageBytes, PROT_READ | PROT_EXEC); }},
    {"mapping a file",
     [] {
       return Call(SYS_mmap, nullptr, kPageBytes, PROT_READ, MAP_PRIVATE, kInputDescriptor, 0);
     }},
    {"writing to the file that is read", [] { return Call(SYS_write, kInputDescriptor, "x", 1); }},
    {"reading what is not its own", [] { return Call(SYS_read, STDIN_FILENO, nullptr, 0); }},
    {"copying a descriptor", [] { return Call(SYS_dup3, kChannelDescriptor, 9, 0); }},
    {"making a file in memory", [] { return Call(SYS_memfd_create, "x", 0); }},
    {"removing a file", [] { return Call(SYS_unlinkat, AT_FDCWD, "/tmp/none/x", 0); }},
    {"changing a file's mode", [] { return Call(SYS_fchmodat, AT_FDCWD, "/tmp/none/x", 0600); }},
    {"asking for a file's state", [] { return Call(SYS_newfstatat, AT_FDCWD, kPath, nullptr, 0); }},
    {"listing a folder", [] { return Call(SYS_getdents64, kChannelDescriptor, nullptr, 0); }},
    {"steering a device", [] { return Call(SYS_ioctl, kChannelDescriptor, 0, nullptr); }},
    {"mounting", [] { return Call(SYS_mount, "none", "/tmp/none", "tmpfs", MS_RDONLY, nullptr); }},
    {"making a namespace", [] { return Call(SYS_unshare, CLONE_NEWUSER); }},
    {"entering a namespace", [] { return Call(SYS_setns, kChannelDescriptor, 0); }},
    {"loading a program into the kernel", [] { return Call(SYS_bpf, BPF_PROG_LOAD, nullptr, 0); }},
    {"counting events", [] { return Call(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"queueing calls past the list", [] { return Call(SYS_io_uring_setup, 1, nullptr); }},
    {"using keys", [] { return Call(SYS_keyctl, 0, 0, 0, 0, 0); }},
    {"changing a limit", [] { return Call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, nullptr); }},
    {"allowing itself to be looked into",
     [] { return Call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }},
    {"becoming another user", [] { return Call(SYS_setresuid, -1, -1, -1); }},
    {"restarting the machine", [] { return Call(SYS_reboot, 0, 0, 0, nullptr); }},
};

volatile sig_atomic_t was_refused = 0;

void NoteRefusal(int) { was_refused = 1; }

bool IsRefused(const Attempt& attempt) {
  was_refused = 0;
  const long result = attempt.make();
  return was_refused != 0 || (result < 0 && errno == kRefusalError);
}

// In a process of its own: puts all layers on and tells what holds.
[[noreturn]] void TryAll(const LaunchDescriptors& descriptors, const Limits& limits,
                         LayerErrors errors) {
  KeepOnly(descriptors);
  const Result<SystemCallList> calls = SystemCallList::Make(Refusal::kSignal);
  if (!calls) _exit(1);
  struct sigaction action{};
  action.sa_handler = NoteRefusal;
  sigaction(SIGSYS, &action, nullptr);
  LockUp(limits, *calls, errors);
  FrameWriter findings(kFindings);
  for (const int error : errors) findings.Signed(error);
  const bool is_tried = ErrorOf(errors, Layer::kSystemCalls) == 0;
  for (const Attempt& attempt : kAttempts) {
    findings.Number(!is_tried || IsRefused(attempt) ? 1 : 0);
  }
  Channel(kChannelDescriptor).Send(findings.bytes());
  _exit(0);
}

// In a process of its own that should not live to its end: by the list that others get.
[[noreturn]] void TryOne(const LaunchDescriptors& descriptors, const Limits& limits,
                         const SystemCallList& calls) {
  KeepOnly(descriptors);
  LayerErrors errors{};
  LockUp(limits, calls, errors);
  Execute();
  _exit(0);
}

struct Findings {
  LayerErrors errors{};
  std::string leak;
};

std::optional<Findings> DecodeFindings(std::string_view bytes) {
  FrameReader reader(bytes);
  Findings findings;
  for (int& error : findings.errors) error = static_cast<int>(reader.Signed());
  for (const Attempt& attempt : kAttempts) {
    if (reader.Number(1) == 0 && findings.leak.empty()) findings.leak = attempt.name;
  }
  if (!reader.is_valid() || reader.kind() != kFindings) return std::nullopt;
  return findings;
}

// Forks with a namespace of processes where there is one to be had.
pid_t ForkNoting(LayerErrors& errors) {
  int& error = ErrorOf(errors, Layer::kPidNamespace);
  if (error != 0) return ForkChild(false);
  const pid_t pid = ForkChild(true);
  if (pid >= 0) return pid;
  error = errno;
  return ForkChild(false);
}

// Runs `body` in a process; returns how it ended and the one message it sent.
template <typename Body>
std::pair<int, std::string> RunAside(LayerErrors& errors, Body body) {
  const auto ends = MakeSocketPair();
  if (!ends) return {-1, ""};
  const pid_t pid = ForkNoting(errors);
  if (pid == 0) body(LaunchDescriptors{(*ends)[1], -1, -1});
  close((*ends)[1]);
  Channel channel((*ends)[0]);
  const std::string message(pid > 0 ? channel.Receive().value_or("") : "");
  close((*ends)[0]);
  int status = -1;
  if (pid > 0) waitpid(pid, &status, 0);
  return {status, message};
}

std::string ReasonOf(int error) {
  if (error == kLeftOutOfThisBuild) return "this build has sanitizers";
  return error == 0 ? "" : std::strerror(error);
}

}  // namespace

std::span<const Attempt> Attempts() { return kAttempts; }

Verdict JudgeEnd(int wait_status) {
  if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGSYS) return Verdict::kHeld;
  const bool has_lived_on = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
  return has_lived_on ? Verdict::kLeaked : Verdict::kUnknown;
}

LayerReport TestLayers(const SystemCallList& calls, const Limits& limits, LayerErrors errors) {
  const auto [status, message] = RunAside(
      errors, [&](const LaunchDescriptors& descriptors) { TryAll(descriptors, limits, errors); });
  const auto findings = DecodeFindings(message);
  if (!findings) return UnusableReport(kNotLockedUp);
  LayerReport report;
  for (size_t i = 0; i < kLayerCount; ++i) {
    const int error = findings->errors[i];
    report.layers.push_back({static_cast<Layer>(i), error == 0, ReasonOf(error)});
  }
  report.leak = findings->leak;
  if (!report.IsActive(Layer::kSystemCalls)) return report;
  const auto [end, nothing] = RunAside(
      errors, [&](const LaunchDescriptors& descriptors) { TryOne(descriptors, limits, calls); });
  const Verdict verdict = JudgeEnd(end);
  if (verdict == Verdict::kUnknown) return UnusableReport(kNotLockedUp);
  if (verdict == Verdict::kLeaked && report.leak.empty()) report.leak = "executing a program";
  return report;
}

LayerReport UnusableReport(const std::string& reason) {
  LayerReport report;
  for (size_t i = 0; i < kLayerCount; ++i) {
    report.layers.push_back({static_cast<Layer>(i), false, reason});
  }
  return report;
}

}  // namespace verbatim::sandbox
