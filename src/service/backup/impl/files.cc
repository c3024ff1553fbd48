#include "backup/impl/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace verbatim::backup {
namespace {

namespace fs = std::filesystem;

// Unit: bytes. After each piece somebody is told, and may stop.
constexpr uint64_t kPiece = 8 << 20;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

Failure FailureOf(const std::error_code& error, const std::string& doing) {
  return Failure(SystemError(error.value(), doing));
}

// Through our own memory, where the system does not copy between these two.
ssize_t CopyByHand(int from, int to, uint64_t offset, uint64_t size) {
  static thread_local std::array<char, 256 << 10> buffer;
  const auto at = static_cast<off_t>(offset);
  const ssize_t count = pread(from, buffer.data(), std::min<uint64_t>(size, buffer.size()), at);
  return count <= 0 ? count : pwrite(to, buffer.data(), static_cast<size_t>(count), at);
}

// Some bytes; 0 at the end of the file.
ssize_t CopyPiece(int from, int to, uint64_t offset, uint64_t size) {
  off_t source = static_cast<off_t>(offset);
  off_t target = source;
  const ssize_t count = copy_file_range(from, &source, to, &target, size, 0);
  if (count > 0) return count;
  // Some file systems say 0 for what they can't copy; at the end, reading says so once more.
  return CopyByHand(from, to, offset, size);
}

}  // namespace

Result<void> MakePrivateFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) return FailureOf(error, "making " + folder.string());
  return {};
}

Result<bool> IsEmptyFolder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return true;
  const bool is_empty = fs::directory_iterator(folder, error) == fs::directory_iterator();
  if (error) return FailureOf(error, "listing " + folder.string());
  return is_empty;
}

Result<void> CopyFile(const fs::path& from, const fs::path& to, uint64_t size,
                      const std::function<bool(uint64_t)>& on_bytes) {
  const std::string doing = "copying " + from.string() + " to " + to.string();
  const Descriptor source(open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (source.number() < 0) return Failure(SystemError(errno, doing));
  const Descriptor target(open(to.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  struct stat status{};
  if (target.number() < 0 || fstat(target.number(), &status) != 0) {
    return Fail(ErrorCode::kIo, SystemError(errno, doing).message);
  }
  uint64_t offset = std::min(static_cast<uint64_t>(status.st_size), size);
  while (offset < size) {
    const ssize_t count =
        CopyPiece(source.number(), target.number(), offset, std::min(size - offset, kPiece));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failure(SystemError(errno, doing));
    if (count == 0) {
      return Fail(ErrorCode::kCorruptMedia, from.string() + " has only " + std::to_string(offset) +
                                                " of " + std::to_string(size) + " bytes");
    }
    offset += static_cast<uint64_t>(count);
    if (!on_bytes(static_cast<uint64_t>(count))) return Fail(ErrorCode::kCancelled, "stopped");
  }
  if (ftruncate(target.number(), static_cast<off_t>(size)) != 0 || fsync(target.number()) != 0) {
    return Failure(SystemError(errno, doing));
  }
  return {};
}

Result<void> SyncFolder(const fs::path& folder) {
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0 || fsync(opened.number()) != 0) {
    return Failure(SystemError(errno, "putting on disk " + folder.string()));
  }
  return {};
}

Result<void> Rename(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return FailureOf(error, "renaming " + from.string() + " to " + to.string());
  return {};
}

Result<void> RemoveAll(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return FailureOf(error, "removing " + path.string());
  return {};
}

}  // namespace verbatim::backup
