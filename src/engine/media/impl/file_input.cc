#include "media/impl/file_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace verbatim::media {
namespace {

constexpr int kBufferBytes = 64 << 10;

Result<void> CheckKind(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return Fail(ErrorCode::kIo, "it is a directory, not a media file");
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kUnsupportedMedia,
                "it is not a regular file (a pipe, socket or device)");
  }
  if (status.st_size == 0) return Fail(ErrorCode::kUnsupportedMedia, "the file is empty");
  return {};
}

Error OpenError(int error_number) {
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return {ErrorCode::kNotFound, "there is no such file"};
  }
  return SystemError(error_number, "opening the file");
}

}  // namespace

Result<std::unique_ptr<FileInput>> FileInput::Open(const std::filesystem::path& path) {
  struct stat status{};
  // Looked at before opening, because opening alone can disturb a device.
  if (::stat(path.c_str(), &status) != 0) return Failure(OpenError(errno));
  TRY_VOID(CheckKind(status));
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return Failure(OpenError(errno));
  std::unique_ptr<FileInput> input(new FileInput(descriptor, 0));
  if (::fstat(descriptor, &status) != 0) return Failure(OpenError(errno));
  TRY_VOID(CheckKind(status));
  input->size_bytes_ = static_cast<uint64_t>(status.st_size);

  auto* buffer = static_cast<uint8_t*>(av_malloc(kBufferBytes));
  if (buffer == nullptr) return Failure(LibavError(AVERROR(ENOMEM), "the file"));
  input->context_.reset(
      avio_alloc_context(buffer, kBufferBytes, 0, input.get(), &Read, nullptr, &Seek));
  if (!input->context_) {
    av_free(buffer);
    return Failure(LibavError(AVERROR(ENOMEM), "the file"));
  }
  return input;
}

FileInput::~FileInput() { ::close(descriptor_); }

std::string FileInput::Peek() const {
  std::string bytes(8, '\0');
  const ssize_t count = ::pread(descriptor_, bytes.data(), bytes.size(), 0);
  bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return bytes;
}

int FileInput::Read(void* self, uint8_t* buffer, int size) {
  auto* input = static_cast<FileInput*>(self);
  if (input->stop_.stop_requested()) return AVERROR_EXIT;
  ssize_t count = 0;
  do {
    count = ::pread(input->descriptor_, buffer, static_cast<size_t>(size),
                    static_cast<off_t>(input->position_bytes_));
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    input->error_number_ = errno;
    return AVERROR(errno);
  }
  if (count == 0) return AVERROR_EOF;
  input->position_bytes_ += static_cast<uint64_t>(count);
  return static_cast<int>(count);
}

int64_t FileInput::Seek(void* self, int64_t offset, int whence) {
  auto* input = static_cast<FileInput*>(self);
  const auto size = static_cast<int64_t>(input->size_bytes_);
  int64_t base = 0;
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE: return size;
    case SEEK_SET: break;
    case SEEK_CUR: base = static_cast<int64_t>(input->position_bytes_); break;
    case SEEK_END: base = size; break;
    default: return AVERROR(EINVAL);
  }
  int64_t target = 0;
  if (__builtin_add_overflow(base, offset, &target) || target < 0) return AVERROR(EINVAL);
  input->position_bytes_ = static_cast<uint64_t>(target);
  return target;
}

}  // namespace verbatim::media
