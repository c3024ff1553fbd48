#include "media/impl/local_file.h"

#include <sys/stat.h>

#include <cerrno>

namespace verbatim::media {

Result<std::shared_ptr<ByteSource>> OpenLocalFile(const std::filesystem::path& path) {
  struct stat status{};
  // Looked at before opening, because opening alone can disturb a device.
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return Fail(ErrorCode::kNotFound, "there is no such file");
    }
    return Failure(SystemError(errno, "opening the file"));
  }
  if (S_ISDIR(status.st_mode)) return Fail(ErrorCode::kIo, "it is a directory, not a media file");
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kUnsupportedMedia,
                "it is not a regular file (a pipe, socket or device)");
  }
  if (status.st_size == 0) return Failure(EmptyError());
  return OpenFileSource(path);
}

Error EmptyError() { return {ErrorCode::kUnsupportedMedia, "the file is empty"}; }

}  // namespace verbatim::media
