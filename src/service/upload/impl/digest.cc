#include "upload/impl/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/no_memory.h"

namespace verbatim::upload {

Digest::Digest(ChecksumKind kind) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  const EVP_MD* algorithm = kind == ChecksumKind::kSha1 ? EVP_sha1() : EVP_sha256();
  RequireMemory(context_ != nullptr && EVP_DigestInit_ex(context_.get(), algorithm, nullptr) == 1);
}

Digest::~Digest() = default;

void Digest::Update(std::span<const char> bytes) {
  RequireMemory(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Digest::Finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  RequireMemory(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
  return {reinterpret_cast<const char*>(digest), size};
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

}  // namespace verbatim::upload
