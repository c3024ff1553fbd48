#include "archive/entry_names.h"

#include <algorithm>
#include <array>

namespace verbatim::archive {
namespace {

constexpr size_t kBytesMax = 120;
constexpr std::string_view kUnnamed = "transcript";
// Source: Microsoft, "Naming Files, Paths, and Namespaces".
constexpr std::string_view kForbidden = "<>:\"/\\|?*";
constexpr std::array<std::string_view, 22> kReserved = {
    "con",  "prn",  "aux",  "nul",  "com1", "com2", "com3", "com4", "com5", "com6", "com7",
    "com8", "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"};

std::string Lower(std::string text) {
  for (char& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return text;
}

void TrimEnds(std::string& name) {
  const size_t begin = std::min(name.find_first_not_of(" ."), name.size());
  name.erase(0, begin);
  name.erase(name.find_last_not_of(" .") + 1);
}

// Without cutting a UTF-8 sequence in two.
void Shorten(std::string& name) {
  if (name.size() <= kBytesMax) return;
  size_t end = kBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  name.erase(end);
}

}  // namespace

std::string SafeName(std::string_view name) {
  std::string safe(name);
  for (char& letter : safe) {
    const auto code = static_cast<unsigned char>(letter);
    if (code < 0x20 || code == 0x7F || kForbidden.contains(letter)) letter = '_';
  }
  TrimEnds(safe);
  Shorten(safe);
  TrimEnds(safe);
  if (safe.empty()) return std::string(kUnnamed);
  const std::string stem = Lower(safe.substr(0, safe.find('.')));
  if (std::ranges::find(kReserved, stem) != kReserved.end()) safe.insert(safe.begin(), '_');
  return safe;
}

std::string EntryNames::Unique(std::string_view name) {
  const std::string safe = SafeName(name);
  std::string unique = safe;
  for (int number = 2; !used_.insert(Lower(unique)).second; ++number) {
    unique = safe + " (" + std::to_string(number) + ")";
  }
  return unique;
}

}  // namespace verbatim::archive
