// Names that nobody can guess and no two things share.
#pragma once

#include <string>
#include <string_view>

namespace verbatim {

// 128 random bits of the system, as 32 lower-case hexadecimal digits.
std::string RandomId();

// Whether a text has that form; anything else names nothing and never becomes part of a path.
bool IsRandomId(std::string_view text);

}  // namespace verbatim
