#include "sandbox/impl/lock.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/impl/build.h"
#include "sandbox/impl/landlock.h"

namespace verbatim::sandbox {
namespace {

constexpr rlim_t kDescriptorsMax = 16;

int SetLimit(__rlimit_resource_t resource, rlim_t value) {
  const rlimit limit{value, value};
  return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

int SetLimits(const Limits& limits) {
  const std::pair<__rlimit_resource_t, rlim_t> all[] = {
      {RLIMIT_CPU, limits.cpu_seconds},
      {RLIMIT_NOFILE, kDescriptorsMax},
      {RLIMIT_FSIZE, 0},
      {RLIMIT_CORE, 0},
      {RLIMIT_NPROC, 0},
      {RLIMIT_MEMLOCK, 0},
      {RLIMIT_MSGQUEUE, 0},
  };
  int error = kIsSanitized ? 0 : SetLimit(RLIMIT_AS, limits.address_space_bytes);
  for (const auto& [resource, value] : all) {
    if (const int code = SetLimit(resource, value); code != 0) error = code;
  }
  return error;
}

// Neither those it has nor those that an executed file could bring.
int DropCapabilities() {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);  // who may not drop has none to lose
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return syscall(SYS_capset, &header, none) == 0 ? 0 : errno;
}

// The end of privileges by execve; nor may others of the same user look into the process.
int RefusePrivileges() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

}  // namespace

void LockUp(const Limits& limits, const SystemCallList& calls, LayerErrors& errors) {
  ErrorOf(errors, Layer::kLimits) = SetLimits(limits);
  ErrorOf(errors, Layer::kNoNewPrivileges) = RefusePrivileges();
  ErrorOf(errors, Layer::kLandlock) = RefusePaths();
  ErrorOf(errors, Layer::kCapabilities) = DropCapabilities();
  ErrorOf(errors, Layer::kSystemCalls) = kIsSanitized ? kLeftOutOfThisBuild : calls.Enforce();
}

}  // namespace verbatim::sandbox
