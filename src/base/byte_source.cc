#include "base/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace verbatim {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, uint64_t size) : descriptor_(descriptor), size_(size) {}
  ~FileSource() override { close(descriptor_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::optional<uint64_t> size() const override { return size_; }
  uint64_t available() const override { return size_; }
  std::optional<int> descriptor() const override { return descriptor_; }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into, const std::stop_token&) override {
    if (offset >= size_) return size_t{0};
    ssize_t got = 0;
    do {
      got = pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return Failure(SystemError(errno, "reading the file"));
    return static_cast<size_t>(got);
  }

 private:
  int descriptor_;
  uint64_t size_;
};

}  // namespace

Result<std::shared_ptr<ByteSource>> OpenFileSource(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe would wait for its other end.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return Failure(SystemError(errno, "opening the file"));
  struct stat status{};
  const int error = fstat(descriptor, &status) == 0 ? 0 : errno;
  if (error == 0 && S_ISREG(status.st_mode)) {
    return MakeFileSource(descriptor, static_cast<uint64_t>(status.st_size));
  }
  close(descriptor);
  if (error != 0) return Failure(SystemError(error, "opening the file"));
  return Fail(ErrorCode::kIo, "it is not a regular file");
}

std::shared_ptr<ByteSource> MakeFileSource(int descriptor, uint64_t size) {
  return std::make_shared<FileSource>(descriptor, size);
}

}  // namespace verbatim
