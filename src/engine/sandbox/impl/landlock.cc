#include "sandbox/impl/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace verbatim::sandbox {
namespace {

// As of ABI 6; the headers of the system may know less than its kernel.
struct RulesetAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

// Every right on files that an ABI knows: 13 bits in the first, then what each added.
uint64_t FileRights(long abi) {
  int bits = 13;
  if (abi >= 2) ++bits;  // refer
  if (abi >= 3) ++bits;  // truncate
  if (abi >= 5) ++bits;  // ioctl_dev
  return (uint64_t{1} << bits) - 1;
}

}  // namespace

int RefusePaths() {
  constexpr unsigned kAskForVersion = 1;
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion);
  if (abi < 1) return errno;
  RulesetAttributes attributes{.handled_access_fs = FileRights(abi),
                               .handled_access_net = abi >= 4 ? uint64_t{3} : 0,  // bind, connect
                               .scoped = abi >= 6 ? uint64_t{3} : 0};  // sockets, signals
  size_t size = sizeof attributes.handled_access_fs;
  if (abi >= 4) size = offsetof(RulesetAttributes, scoped);
  if (abi >= 6) size = sizeof attributes;
  const auto ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  if (ruleset < 0) return errno;
  const int error = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : errno;
  close(ruleset);
  return error;
}

}  // namespace verbatim::sandbox
