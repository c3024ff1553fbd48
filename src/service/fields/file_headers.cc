#include "fields/file_headers.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <utility>

namespace verbatim::fields {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kMediaTypes = {{
    {"3gp", "video/3gpp"},       {"aac", "audio/aac"},        {"aif", "audio/aiff"},
    {"aiff", "audio/aiff"},      {"amr", "audio/amr"},        {"avi", "video/x-msvideo"},
    {"flac", "audio/flac"},      {"m4a", "audio/mp4"},        {"m4v", "video/mp4"},
    {"mka", "audio/x-matroska"}, {"mkv", "video/x-matroska"}, {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},       {"mp4", "video/mp4"},        {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},       {"oga", "audio/ogg"},        {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},        {"opus", "audio/ogg"},       {"ts", "video/mp2t"},
    {"wav", "audio/wav"},        {"webm", "video/webm"},      {"wma", "audio/x-ms-wma"},
}};

std::string Extension(std::string_view filename) {
  const size_t dot = filename.rfind('.');
  if (dot == std::string_view::npos) return "";
  std::string extension(filename.substr(dot + 1));
  for (char& letter : extension) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return extension;
}

// RFC 8187's attr-char.
bool IsPlain(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
         std::string_view("!#$&+-.^_`|~").contains(letter);
}

bool IsHarmful(char letter) {
  return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f ||
         std::string_view("/\\").contains(letter);
}

}  // namespace

std::string_view MediaType(std::string_view filename) {
  const std::string extension = Extension(filename);
  for (const auto& [known, type] : kMediaTypes) {
    if (known == extension) return type;
  }
  return "application/octet-stream";
}

std::string ContentDisposition(Disposition disposition, std::string_view filename) {
  std::string ascii;    // for clients that know no RFC 8187
  std::string encoded;  // the name in full
  for (const char letter : filename) {
    const char safe = IsHarmful(letter) ? '_' : letter;
    const bool is_ascii = static_cast<unsigned char>(safe) < 0x80;
    ascii += is_ascii && safe != '"' && safe != '%' ? safe : '_';
    if (IsPlain(safe)) {
      encoded += safe;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(safe));
    }
  }
  std::string value = disposition == Disposition::kInline ? "inline" : "attachment";
  if (filename.empty()) return value;
  value += fmt::format("; filename=\"{}\"", ascii);
  if (ascii != filename) value += "; filename*=UTF-8''" + encoded;
  return value;
}

std::string Stem(std::string_view filename) {
  const size_t dot = filename.rfind('.');
  const bool has_extension = dot != std::string_view::npos && dot > 0;
  return std::string(has_extension ? filename.substr(0, dot) : filename);
}

std::string TranscriptFilename(std::string_view media_filename, std::string_view extension) {
  const std::string stem = Stem(media_filename);
  return fmt::format("{}.{}", stem.empty() ? "transcript" : stem, extension);
}

}  // namespace verbatim::fields
