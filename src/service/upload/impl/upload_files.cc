#include "upload/impl/upload_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/crash_point.h"
#include "base/random_id.h"

namespace verbatim::upload {
namespace {

// Repeats a system call that a signal interrupted.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

UploadFile::Written UploadFile::WriteAt(uint64_t offset, std::span<const char> bytes) {
  Written written;
  while (written.count < bytes.size()) {
    const ssize_t count = Uninterrupted([&] {
      return pwrite(descriptor_.number(), bytes.data() + written.count,
                    bytes.size() - written.count, static_cast<off_t>(offset + written.count));
    });
    if (count < 0) {
      written.error = Failure(SystemError(errno, "writing " + name_));
      return written;
    }
    written.count += static_cast<size_t>(count);
    CrashPoint("upload.written");
  }
  return written;
}

Result<size_t> UploadFile::ReadAt(uint64_t offset, std::span<char> into) const {
  const ssize_t count = Uninterrupted([&] {
    return pread(descriptor_.number(), into.data(), into.size(), static_cast<off_t>(offset));
  });
  if (count < 0) return Failure(SystemError(errno, "reading " + name_));
  return static_cast<size_t>(count);
}

void UploadFile::BeginSync(uint64_t offset, uint64_t size) {
  // What goes wrong, Sync will tell.
  sync_file_range(descriptor_.number(), static_cast<off_t>(offset), static_cast<off_t>(size),
                  SYNC_FILE_RANGE_WRITE);
}

Result<void> UploadFile::Sync() {
  CrashPoint("upload.sync");
  // Not even after a signal: what the first call wrote of, a second one knows nothing of.
  if (fdatasync(descriptor_.number()) < 0) {
    return Failure(SystemError(errno, "putting on disk " + name_));
  }
  CrashPoint("upload.synced");
  return {};
}

Result<void> UploadFile::Truncate(uint64_t size) {
  const auto length = static_cast<off_t>(size);
  if (Uninterrupted([&] { return ftruncate(descriptor_.number(), length); }) < 0) {
    return Failure(SystemError(errno, "shortening " + name_));
  }
  CrashPoint("upload.shortened");
  return {};
}

Result<uint64_t> UploadFile::Size() const {
  struct stat status{};
  if (fstat(descriptor_.number(), &status) < 0) {
    return Failure(SystemError(errno, "looking at " + name_));
  }
  return static_cast<uint64_t>(status.st_size);
}

Result<UploadFiles> UploadFiles::Open(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path parent = folder.parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return Failure(SystemError(error.value(), "making " + parent.string()));
  if (mkdir(folder.c_str(), 0700) < 0 && errno != EEXIST) {
    return Failure(SystemError(errno, "making " + folder.string()));
  }
  const int number =
      Uninterrupted([&] { return open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (number < 0) return Failure(SystemError(errno, "opening " + folder.string()));
  return UploadFiles(Descriptor(number), folder);
}

Result<UploadFile> UploadFiles::Create(const std::string& id) {
  CHECK(IsRandomId(id));
  const int number = Uninterrupted([&] {
    return openat(folder_.number(), id.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                  0600);
  });
  if (number < 0) return Failure(SystemError(errno, Doing("making", id)));
  CrashPoint("upload.made");
  UploadFile file(Descriptor(number), (path_ / id).string());
  if (fsync(folder_.number()) < 0) {
    Error error = SystemError(errno, "putting on disk " + path_.string());
    unlinkat(folder_.number(), id.c_str(), 0);  // else the next start removes it
    return Failure(std::move(error));
  }
  CrashPoint("upload.made_durable");
  return file;
}

Result<UploadFile> UploadFiles::Open(const std::string& id, Access access) const {
  CHECK(IsRandomId(id));
  const int mode = access == Access::kWrite ? O_RDWR : O_RDONLY;
  const int number = Uninterrupted(
      [&] { return openat(folder_.number(), id.c_str(), mode | O_NOFOLLOW | O_CLOEXEC); });
  if (number < 0) return Failure(SystemError(errno, Doing("opening", id)));
  return UploadFile(Descriptor(number), (path_ / id).string());
}

Result<void> UploadFiles::Remove(const std::string& id) {
  CHECK(IsRandomId(id));
  if (unlinkat(folder_.number(), id.c_str(), 0) < 0 && errno != ENOENT) {
    return Failure(SystemError(errno, Doing("removing", id)));
  }
  CrashPoint("upload.removed");
  return {};
}

Result<std::vector<std::string>> UploadFiles::List() const {
  std::vector<std::string> ids;
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (IsRandomId(name)) ids.push_back(std::move(name));
  }
  if (error) return Failure(SystemError(error.value(), "listing " + path_.string()));
  return ids;
}

Result<uint64_t> UploadFiles::Free() const {
  struct statvfs status{};
  if (Uninterrupted([&] { return fstatvfs(folder_.number(), &status); }) < 0) {
    return Failure(SystemError(errno, "looking for space in " + path_.string()));
  }
  return uint64_t{status.f_bavail} * uint64_t{status.f_frsize};
}

std::string UploadFiles::Doing(const char* verb, const std::string& id) const {
  return std::string(verb) + " " + (path_ / id).string();
}

}  // namespace verbatim::upload
