#include "models/impl/checksums.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/atomic_file.h"

namespace verbatim::models {
namespace {

constexpr size_t kHexDigits = 64;

bool IsSha256(std::string_view text) {
  return text.size() == kHexDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<Checksums> ReadChecksums(const std::filesystem::path& folder) {
  Result<std::string> text = ReadFile(folder / kChecksumsFile, 1 << 16);
  if (!text && text.error().code == ErrorCode::kNotFound) return Checksums{};
  if (!text) return Failure(text.error());
  Checksums checksums;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::string_view sum = line.substr(0, kHexDigits);
    if (!IsSha256(sum) || line.size() <= kHexDigits + 2) continue;
    checksums.emplace(line.substr(kHexDigits + 2), sum);
  }
  return checksums;
}

Result<void> WriteChecksums(const std::filesystem::path& folder, const Checksums& checksums) {
  std::string text;
  for (const auto& [name, sum] : checksums) text += fmt::format("{}  {}\n", sum, name);
  return WriteFileAtomically(folder / kChecksumsFile, text);
}

}  // namespace verbatim::models
