// UTF-8 as a screen sees it: grapheme clusters with their widths, and the clean-up that every
// writer needs. The only file of the room that sees utf8proc, together with break_grade.cc and
// atom.cc for character classes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace verbatim::transcript {

// What a reader takes for one character.
struct Cluster {
  size_t begin = 0;  // byte offset
  size_t end = 0;
  int width = 0;  // columns: 0, 1, or 2 for East Asian wide ones and emoji
  char32_t first = 0;
  char32_t last = 0;
  bool is_space = false;  // a space or a control character; not a no-break space
};

// Source: Unicode Standard Annex 29 (extended grapheme clusters) and 11 (East Asian width).
std::vector<Cluster> SplitClusters(std::string_view text);

// Unit: columns.
int DisplayWidth(std::string_view text);

// Each byte that is not part of a valid character becomes U+FFFD.
std::string ToValidUtf8(std::string_view text);

// Valid UTF-8 in which spaces, tabs, line ends and control characters are single spaces, none of
// them outermost.
std::string OneLine(std::string_view text);

// What makes two words the same: their letters, digits and signs in lower case, without
// punctuation; of a text of punctuation alone, all of it.
std::u32string WordKey(std::string_view text);

// The code points of valid UTF-8.
std::u32string CodePoints(std::string_view text);

}  // namespace verbatim::transcript
