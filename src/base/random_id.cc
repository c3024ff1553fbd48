#include "base/random_id.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"

namespace verbatim {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr size_t kBytes = 16;

}  // namespace

std::string RandomId() {
  std::array<unsigned char, kBytes> bytes{};
  // Up to 256 bytes arrive whole once the system has gathered randomness, which it waits for.
  ssize_t got = 0;
  do {
    got = getrandom(bytes.data(), bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  CHECK(got == static_cast<ssize_t>(bytes.size()));
  std::string id;
  for (const unsigned char byte : bytes) {
    id += kDigits[byte >> 4];
    id += kDigits[byte & 15];
  }
  return id;
}

bool IsRandomId(std::string_view text) {
  return text.size() == 2 * kBytes &&
         std::ranges::all_of(text, [](char c) { return kDigits.find(c) != kDigits.npos; });
}

}  // namespace verbatim
