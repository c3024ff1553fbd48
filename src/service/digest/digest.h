// Digests, by OpenSSL: of bytes that come in pieces or at once, keyed, compared, and as text.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace verbatim::digest {

enum class Kind { kSha1, kSha256 };

// Of bytes that come in pieces.
class Digest {
 public:
  explicit Digest(Kind kind = Kind::kSha256);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  // The next bytes.
  void Update(std::span<const char> bytes);

  // The digest's raw bytes. Called once.
  std::string Finish();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// Bytes as lower-case hexadecimal digits.
std::string Hex(std::string_view bytes);

// SHA-256, as Hex.
std::string Sha256(std::string_view bytes);

// HMAC with SHA-256 (RFC 2104), as Hex.
std::string HmacSha256(std::string_view secret, std::string_view bytes);

// Whether two digests are the same; takes as long wherever they differ.
bool IsSame(std::string_view a, std::string_view b);

}  // namespace verbatim::digest
