#include "models/impl/sha256.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/no_memory.h"

namespace verbatim::models {
namespace {

class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    RequireMemory(context_ != nullptr &&
                  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void Update(std::string_view bytes) {
    RequireMemory(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  std::string Hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    RequireMemory(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string Sha256(std::string_view bytes) {
  Hasher hasher;
  hasher.Update(bytes);
  return hasher.Hex();
}

Result<std::string> Sha256OfFile(const std::filesystem::path& path, const std::stop_token& stop) {
  const std::string doing = "reading " + path.string();
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failure(SystemError(errno, doing));
  Hasher hasher;
  std::vector<char> buffer(1 << 20);
  ssize_t count = 0;
  do {
    count = read(fd, buffer.data(), buffer.size());
    if (count > 0) hasher.Update({buffer.data(), static_cast<size_t>(count)});
  } while (!stop.stop_requested() && (count > 0 || (count < 0 && errno == EINTR)));
  const int error_number = errno;
  close(fd);
  if (count < 0) return Failure(SystemError(error_number, doing));
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  return hasher.Hex();
}

}  // namespace verbatim::models
