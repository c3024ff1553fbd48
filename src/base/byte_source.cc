#include "base/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace verbatim {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, uint64_t size, std::string name)
      : descriptor_(descriptor), size_(size), name_(std::move(name)) {}
  ~FileSource() override { close(descriptor_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::optional<uint64_t> size() const override { return size_; }
  uint64_t available() const override { return size_; }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into, const std::stop_token&) override {
    if (offset >= size_) return size_t{0};
    ssize_t got = 0;
    do {
      got = pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return Failure(SystemError(errno, "reading " + name_));
    return static_cast<size_t>(got);
  }

 private:
  int descriptor_;
  uint64_t size_;
  std::string name_;
};

}  // namespace

Result<std::shared_ptr<ByteSource>> OpenFileSource(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Failure(SystemError(errno, "opening " + path.string()));
  struct stat status{};
  if (fstat(descriptor, &status) != 0) {
    const int error = errno;
    close(descriptor);
    return Failure(SystemError(error, "opening " + path.string()));
  }
  return std::make_shared<FileSource>(descriptor, static_cast<uint64_t>(status.st_size),
                                      path.string());
}

}  // namespace verbatim
