#include "tests/system_calls.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>

namespace verbatim {
namespace {

thread_local SystemCallListener* listener = nullptr;

// The path of an open file or folder; empty if nobody listens for it.
std::string WatchedPath(int descriptor) {
  if (listener == nullptr) return "";
  std::array<char, 512> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = readlink(link.c_str(), path.data(), path.size());
  if (size <= 0) return "";
  std::string found(path.data(), static_cast<size_t>(size));
  return listener->IsWatched(found) ? found : "";
}

std::string WatchedPath(int folder, const char* name) {
  const std::string path = WatchedPath(folder);
  return path.empty() ? "" : path + "/" + name;
}

int Failed(int error) {
  errno = error;
  return -1;
}

int Sync(int descriptor, long call) {
  const std::string path = WatchedPath(descriptor);
  if (path.empty()) return static_cast<int>(syscall(call, descriptor));
  const int error = listener->OnSync(path);  // not passed on: what a sync gives is the test's
  return error == 0 ? 0 : Failed(error);
}

}  // namespace

ListeningToSystemCalls::ListeningToSystemCalls(SystemCallListener& heard) { listener = &heard; }
ListeningToSystemCalls::~ListeningToSystemCalls() { listener = nullptr; }

}  // namespace verbatim

// The C library's own names.
extern "C" {

int openat(int folder, const char* name, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
    const std::string path = verbatim::WatchedPath(folder, name);
    const int error = path.empty() ? 0 : verbatim::listener->OnCreate(path);
    if (error != 0) return verbatim::Failed(error);
  }
  return static_cast<int>(syscall(SYS_openat, folder, name, flags, mode));
}

int unlinkat(int folder, const char* name, int flags) noexcept {
  const std::string path = verbatim::WatchedPath(folder, name);
  const bool is_there = faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  const int error = path.empty() || !is_there ? 0 : verbatim::listener->OnRemove(path);
  if (error != 0) return verbatim::Failed(error);
  return static_cast<int>(syscall(SYS_unlinkat, folder, name, flags));
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  std::string_view left(static_cast<const char*>(bytes), size);
  const std::string path = verbatim::WatchedPath(descriptor);
  const int error =
      path.empty() ? 0 : verbatim::listener->OnWrite(path, static_cast<uint64_t>(offset), left);
  if (error != 0) return verbatim::Failed(error);
  return syscall(SYS_pwrite64, descriptor, left.data(), left.size(), offset);
}

int ftruncate(int descriptor, off_t size) noexcept {
  const std::string path = verbatim::WatchedPath(descriptor);
  const int error =
      path.empty() ? 0 : verbatim::listener->OnTruncate(path, static_cast<uint64_t>(size));
  if (error != 0) return verbatim::Failed(error);
  return static_cast<int>(syscall(SYS_ftruncate, descriptor, size));
}

int fdatasync(int descriptor) { return verbatim::Sync(descriptor, SYS_fdatasync); }
int fsync(int descriptor) { return verbatim::Sync(descriptor, SYS_fsync); }

int fstatvfs(int descriptor, struct statvfs* status) noexcept {
  const std::string path = verbatim::WatchedPath(descriptor);
  struct statfs found{};
  if (syscall(SYS_fstatfs, descriptor, &found) != 0) return -1;
  *status = {};
  status->f_bsize = status->f_frsize = 1;
  const auto free = static_cast<uint64_t>(found.f_bavail) * static_cast<uint64_t>(found.f_bsize);
  status->f_bavail = path.empty() ? free : verbatim::listener->FreeBytes();
  return 0;
}

ssize_t getrandom(void* into, size_t size, unsigned flags) {
  if (verbatim::listener == nullptr) return syscall(SYS_getrandom, into, size, flags);
  verbatim::listener->OnRandom({static_cast<char*>(into), size});
  return static_cast<ssize_t>(size);
}

}  // extern "C"
