#include "upload/impl/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <new>

namespace verbatim::upload {
namespace {

// OpenSSL's digests fail for lack of memory alone.
void Require(bool is_done) {
  if (!is_done) throw std::bad_alloc();
}

}  // namespace

Digest::Digest(ChecksumKind kind) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  const EVP_MD* algorithm = kind == ChecksumKind::kSha1 ? EVP_sha1() : EVP_sha256();
  Require(context_ != nullptr && EVP_DigestInit_ex(context_.get(), algorithm, nullptr) == 1);
}

Digest::~Digest() = default;

void Digest::Update(std::span<const char> bytes) {
  Require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Digest::Finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  Require(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
  return {reinterpret_cast<const char*>(digest), size};
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

}  // namespace verbatim::upload
