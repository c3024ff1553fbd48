#include "access/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/no_memory.h"
#include "base/random_id.h"

namespace verbatim::access {
namespace {

constexpr std::string_view kMark = "vbt_";
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr size_t kTellingDigits = 16;  // so many after the mark are no word of a language

struct Place {
  size_t at = 0;
  size_t size = 0;  // 0: there is none, and `at` is the end
};

Place FindToken(std::string_view text) {
  size_t at = text.find(kMark);
  while (at != std::string_view::npos) {
    const size_t digits = at + kMark.size();
    const size_t end =
        std::min(text.find_first_not_of("0123456789abcdefABCDEF", digits), text.size());
    if (end - digits >= kTellingDigits) return {at, end - at};
    at = text.find(kMark, digits);
  }
  return {text.size(), 0};
}

}  // namespace

std::string MakeTokenSecret() { return std::string(kMark) + MakeSessionSecret(); }

std::string MakeSessionSecret() { return RandomId() + RandomId(); }

std::string Digest(std::string_view secret) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  RequireMemory(EVP_Digest(secret.data(), secret.size(), digest, &size, EVP_sha256(), nullptr) ==
                1);
  std::string hex;
  hex.reserve(size_t{2} * size);
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

bool SameDigest(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool HasToken(std::string_view text) { return FindToken(text).size > 0; }

std::string WithoutTokens(std::string_view text) {
  std::string clean;
  while (true) {
    const Place token = FindToken(text);
    clean.append(text.substr(0, token.at));
    if (token.size == 0) return clean;
    clean.append(kMark).append("...");
    text.remove_prefix(token.at + token.size);
  }
}

}  // namespace verbatim::access
