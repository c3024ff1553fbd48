#include "access/secret.h"

#include <algorithm>

#include "base/random_id.h"

namespace verbatim::access {
namespace {

constexpr std::string_view kMark = "vbt_";
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
