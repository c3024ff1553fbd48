#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "base/crash_point.h"

namespace verbatim {
namespace {

// Closes and, unless kept, unlinks the temporary file.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& directory) {
    static std::atomic<unsigned> counter{0};
    name_ = directory / fmt::format(".verbatim-{}-{}.part", getpid(), counter++);
    fd_ = open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ < 0) return;
    close(fd_);
    if (!kept_) unlink(name_.c_str());
  }
  int fd() const { return fd_; }
  const char* name() const { return name_.c_str(); }
  void Keep() { kept_ = true; }

 private:
  std::string name_;
  int fd_ = -1;
  bool kept_ = false;
};

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

void SyncDirectory(const std::filesystem::path& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

Result<void> WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::string doing = "writing " + path.string();
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  TemporaryFile temporary(directory);
  if (temporary.fd() < 0) return Failure(SystemError(errno, doing));
  if (!WriteAll(temporary.fd(), bytes) || fsync(temporary.fd()) != 0) {
    return Failure(SystemError(errno, doing));
  }
  CrashPoint("file.synced");
  if (rename(temporary.name(), path.c_str()) != 0) return Failure(SystemError(errno, doing));
  CrashPoint("file.renamed");
  temporary.Keep();
  SyncDirectory(directory);
  return {};
}

Result<std::string> ReadFile(const std::filesystem::path& path, uint64_t size_max) {
  const std::string doing = "reading " + path.string();
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failure(SystemError(errno, doing));
  std::string bytes;
  char buffer[1 << 16];
  ssize_t count = 0;
  while ((count = read(fd, buffer, sizeof buffer)) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 || bytes.size() + static_cast<size_t>(count) > size_max) break;
    bytes.append(buffer, static_cast<size_t>(count));
  }
  const int error_number = errno;
  close(fd);
  if (count < 0) return Failure(SystemError(error_number, doing));
  if (count > 0)
    return Fail(ErrorCode::kTooLarge,
                doing + ": larger than " + std::to_string(size_max) + " bytes");
  return bytes;
}

}  // namespace verbatim
