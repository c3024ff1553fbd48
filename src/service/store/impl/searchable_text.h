// The marks that the search puts around what it found, and texts made free of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace verbatim::store {

// U+FDD0 and U+FDD1: code points that Unicode leaves to a program's own use, never in a text.
inline constexpr std::string_view kMarkBegin = "\xEF\xB7\x90";
inline constexpr std::string_view kMarkEnd = "\xEF\xB7\x91";

// The text without marks and NULs, with its outer spaces removed.
std::string SearchableText(std::string_view text);

// The pieces of a marked text: plain and highlighted in turn, the first plain.
std::vector<std::string> SplitMarked(std::string_view marked);

}  // namespace verbatim::store
