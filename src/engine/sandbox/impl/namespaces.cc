#include "sandbox/impl/namespaces.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/impl/build.h"

namespace verbatim::sandbox {
namespace {

int Leave(int kind) { return unshare(kind) == 0 ? 0 : errno; }

// An empty file system that cannot be written to, in place of the machine's.
int EmptyRoot() {
  constexpr char kPlace[] = "/tmp";
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
  const bool is_done = mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       mount("none", kPlace, "tmpfs", kFlags, "size=4k,mode=0555") == 0 &&
                       chdir(kPlace) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
                       umount2(".", MNT_DETACH) == 0 && chdir("/") == 0;
  return is_done ? 0 : errno;
}

}  // namespace

void EnterNamespaces(LayerErrors& errors) {
  // Whoever has no right to make the others has it in a user namespace of its own.
  ErrorOf(errors, Layer::kUserNamespace) = Leave(CLONE_NEWUSER);
  ErrorOf(errors, Layer::kNetworkNamespace) = Leave(CLONE_NEWNET);
  ErrorOf(errors, Layer::kIpcNamespace) = Leave(CLONE_NEWIPC);
  int& mounts = ErrorOf(errors, Layer::kMountNamespace);
  mounts = kIsSanitized ? kLeftOutOfThisBuild : Leave(CLONE_NEWNS);
  if (mounts == 0) mounts = EmptyRoot();
}

pid_t ForkChild(bool with_pid_namespace) {
  if (!with_pid_namespace) return fork();
  return static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0));
}

}  // namespace verbatim::sandbox
