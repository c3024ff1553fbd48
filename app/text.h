// Text for a person's terminal and for JSON: safe, measured in columns, cut to fit.
#pragma once

#include <string>
#include <string_view>

namespace verbatim::app {

// Bytes that are no valid UTF-8 become U+FFFD.
std::string ToValidUtf8(std::string_view bytes);

// Valid UTF-8 in which no character can steer a terminal: control characters but the line end
// become '?'. File names may hold any.
std::string ForTerminal(std::string_view bytes);

// Unit: columns; wide East Asian characters take two. `text` is valid UTF-8.
int Columns(std::string_view text);

// Cuts the middle out of a text that is wider than `columns_max`, with "..." in its place.
std::string Shorten(std::string_view text, int columns_max);

// Unit: seconds. "0:07", "12:34", "1:02:03"; rounded down.
std::string ClockTime(double seconds);

// "145.2 MB".
std::string ByteCount(double bytes);

}  // namespace verbatim::app
