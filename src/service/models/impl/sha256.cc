#include "models/impl/sha256.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "digest/digest.h"

namespace verbatim::models {

Result<std::string> Sha256OfFile(const std::filesystem::path& path, const std::stop_token& stop) {
  const std::string doing = "reading " + path.string();
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failure(SystemError(errno, doing));
  digest::Digest digest;
  std::vector<char> buffer(1 << 20);
  ssize_t count = 0;
  do {
    count = read(fd, buffer.data(), buffer.size());
    if (count > 0) digest.Update({buffer.data(), static_cast<size_t>(count)});
  } while (!stop.stop_requested() && (count > 0 || (count < 0 && errno == EINTR)));
  const int error_number = errno;
  close(fd);
  if (count < 0) return Failure(SystemError(error_number, doing));
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  return digest::Hex(digest.Finish());
}

}  // namespace verbatim::models
