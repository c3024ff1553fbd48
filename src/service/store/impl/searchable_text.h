// Texts as the index holds them, and how they become texts for people again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace verbatim::store {

// U+FDD0 and U+FDD1, which the search puts around what it found: code points that Unicode leaves to
// a program's own use, never in a text.
inline constexpr std::string_view kMarkBegin = "\xEF\xB7\x90";
inline constexpr std::string_view kMarkEnd = "\xEF\xB7\x91";

// The text with each character of a script without spaces (Chinese, Japanese, Thai ...) set apart
// by an invisible space, so that FTS5 takes it for a word and any part of a sentence is found as a
// phrase. Any bytes; NULs become spaces.
std::string SetApart(std::string_view text);

// A segment's text as it is stored: without marks and outer spaces, set apart.
std::string SearchableText(std::string_view text);

// The pieces of a stored text with marks, without the invisible spaces: plain and highlighted in
// turn, the first plain.
std::vector<std::string> SplitMarked(std::string_view marked);

}  // namespace verbatim::store
