// Digests of bytes that come in pieces.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "upload/uploads.h"

struct evp_md_ctx_st;

namespace verbatim::upload {

class Digest {
 public:
  explicit Digest(ChecksumKind kind);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void Update(std::span<const char> bytes);

  // The digest's raw bytes. Called once.
  std::string Finish();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// As lower-case hexadecimal digits.
std::string Hex(std::string_view bytes);

}  // namespace verbatim::upload
