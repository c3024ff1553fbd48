// Names of files in an archive that any system can unpack.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace verbatim::archive {

// A name without what file systems refuse or misread: separators, control characters, what Windows
// forbids, outer dots and spaces; at most 120 bytes. Valid UTF-8 stays so. Never empty.
std::string SafeName(std::string_view name);

// Gives each file of an archive a name of its own, also where letters of either case are the same:
// "talk", "talk (2)".
class EntryNames {
 public:
  // A safe name that was not given before.
  std::string Unique(std::string_view name);

 private:
  std::unordered_set<std::string> used_;  // in lower case, as far as ASCII goes
};

}  // namespace verbatim::archive
