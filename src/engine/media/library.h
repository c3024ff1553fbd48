// Which libraries read media here, and whether they know what people have.
#pragma once

#include <string>
#include <vector>

namespace verbatim::media {

// "FFmpeg 5.1.9-0+deb12u1", as the library names itself.
std::string LibraryVersion();

// Of the kinds of sound that most recordings have, those for which there is no decoder, by FFmpeg's
// names.
std::vector<std::string> MissingDecoders();

}  // namespace verbatim::media
