// UTF-8 that may be broken: where its characters end, and how it is made valid.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace verbatim::whisper {

// A whole character, or the longest beginning of one that is cut short or wrong.
struct Utf8Unit {
  size_t size = 0;  // bytes
  bool valid = false;
};

// The unit at the start of `bytes`, which must not be empty.
// Source: The Unicode Standard 15.0, section 3.9, table 3-7 and "maximal subpart".
Utf8Unit FirstUtf8Unit(std::string_view bytes);

// The same text with U+FFFD in place of each unit that is no character.
std::string ReplaceInvalidUtf8(std::string_view bytes);

}  // namespace verbatim::whisper
