// Secrets that a client shows to be let in: made here, told once, kept only as their SHA-256.
#pragma once

#include <string>
#include <string_view>

namespace verbatim::access {

// 256 random bits as "vbt_" and 64 hexadecimal digits.
std::string MakeTokenSecret();
// The same without the mark: the id of a session.
std::string MakeSessionSecret();

// Whether a text has a token in it, or the beginning of one.
bool HasToken(std::string_view text);

// The text with "vbt_..." in place of each token: for logs.
std::string WithoutTokens(std::string_view text);

}  // namespace verbatim::access
