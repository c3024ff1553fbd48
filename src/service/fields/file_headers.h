// What is said of a file that is handed out: its type, and its name so that no browser takes it for
// more than it is.
#pragma once

#include <string>
#include <string_view>

namespace verbatim::fields {

// By the extension, from a list of sound and video types that no browser runs;
// "application/octet-stream" for all others.
std::string_view MediaType(std::string_view filename);

enum class Disposition { kInline, kAttachment };

// The value of Content-Disposition. `filename` is UTF-8 of any kind; what no file system takes is
// replaced. Source: RFC 6266; RFC 8187 for letters beyond ASCII.
std::string ContentDisposition(Disposition disposition, std::string_view filename);

// A file's name without its extension: "talk.mp4" -> "talk".
std::string Stem(std::string_view filename);

// "talk.mp4", "srt" -> "talk.srt"; a file without a name is "transcript".
std::string TranscriptFilename(std::string_view media_filename, std::string_view extension);

}  // namespace verbatim::fields
