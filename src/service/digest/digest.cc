#include "digest/digest.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <iterator>

#include "base/no_memory.h"

namespace verbatim::digest {
namespace {

std::string_view View(const unsigned char* bytes, unsigned size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

Digest::Digest(Kind kind) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  const EVP_MD* algorithm = kind == Kind::kSha1 ? EVP_sha1() : EVP_sha256();
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
  return std::string(View(digest, size));
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(byte));
  }
  return hex;
}

std::string Sha256(std::string_view bytes) {
  Digest digest;
  digest.Update(bytes);
  return Hex(digest.Finish());
}

std::string HmacSha256(std::string_view secret, std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const auto* text = reinterpret_cast<const unsigned char*>(bytes.data());
  RequireMemory(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), text,
                     bytes.size(), digest, &size) != nullptr);
  return Hex(View(digest, size));
}

bool IsSame(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace verbatim::digest
