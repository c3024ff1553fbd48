#include "sandbox/impl/system_calls.h"

#include <sys/mman.h>

#include <string>
#include <utility>
#include <vector>

namespace verbatim::sandbox {
namespace {

struct Rule {
  int call = 0;
  std::vector<scmp_arg_cmp> arguments = {};  // all hold; none: any
};

scmp_arg_cmp Is(unsigned index, uint64_t value) { return {index, SCMP_CMP_EQ, value, 0}; }

// Of the bits in `mask` exactly those of `value`.
scmp_arg_cmp HasBits(unsigned index, uint64_t mask, uint64_t value) {
  return {index, SCMP_CMP_MASKED_EQ, mask, value};
}

std::vector<Rule> Rules() {
  const std::vector<scmp_arg_cmp> on_channel = {Is(0, kChannelDescriptor)};
  const scmp_arg_cmp not_executable = HasBits(2, PROT_EXEC, 0);
  return {
      {SCMP_SYS(read), on_channel},
      {SCMP_SYS(write), on_channel},
      {SCMP_SYS(pread64), {Is(0, kInputDescriptor)}},
      {SCMP_SYS(close)},
      // What malloc and free do.
      {SCMP_SYS(mmap), {not_executable, HasBits(3, MAP_ANONYMOUS, MAP_ANONYMOUS)}},
      {SCMP_SYS(mprotect), {not_executable}},
      {SCMP_SYS(munmap)},
      {SCMP_SYS(mremap)},
      {SCMP_SYS(madvise)},
      {SCMP_SYS(brk)},
      // What locks, clocks and the end take.
      {SCMP_SYS(futex)},
      {SCMP_SYS(clock_gettime)},
      {SCMP_SYS(gettimeofday)},
      {SCMP_SYS(rt_sigreturn)},
      {SCMP_SYS(restart_syscall)},
      {SCMP_SYS(exit)},
      {SCMP_SYS(exit_group)},
  };
}

// What the C library asks for by itself and can do without: tables of character sets, for the names
// of broadcasting stations. They fail and end nobody.
std::vector<int> FailingCalls() {
  return {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(getcwd), SCMP_SYS(newfstatat)};
}

}  // namespace

Result<SystemCallList> SystemCallList::Make(Refusal refusal) {
  Filter filter(seccomp_init(refusal == Refusal::kEnd ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_TRAP));
  if (!filter) return Fail(ErrorCode::kInternal, "seccomp is not to be had");
  for (const Rule& rule : Rules()) {
    const int code =
        seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, rule.call,
                               static_cast<unsigned>(rule.arguments.size()), rule.arguments.data());
    if (code < 0) return Failure(SystemError(-code, "listing the allowed system calls"));
  }
  for (const int call : FailingCalls()) {
    const int code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(kRefusalError), call, 0);
    if (code < 0) return Failure(SystemError(-code, "listing the failing system calls"));
  }
  return SystemCallList(std::move(filter));
}

int SystemCallList::Enforce() const { return -seccomp_load(filter_.get()); }

}  // namespace verbatim::sandbox
