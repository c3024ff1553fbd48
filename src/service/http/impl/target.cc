#include "http/impl/target.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstdint>

namespace verbatim::http {
namespace {

namespace urls = boost::urls;

std::unexpected<Refusal> Refuse(std::string_view detail) {
  return std::unexpected(Refusal{400, detail});
}

bool IsControl(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F; }

// How many bytes follow the first of a character; -1 if none starts with it.
int FollowingBytes(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xC2 && first < 0xE0) return 1;
  if (first >= 0xE0 && first < 0xF0) return 2;
  if (first >= 0xF0 && first < 0xF5) return 3;
  return -1;
}

// Source: Unicode 15, table 3-7 (well-formed UTF-8).
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const int following = FollowingBytes(first);
    if (following < 0 || text.size() - i <= static_cast<size_t>(following)) return false;
    for (int k = 1; k <= following; ++k) {
      const auto next = static_cast<unsigned char>(text[i + static_cast<size_t>(k)]);
      unsigned char low = 0x80;
      unsigned char high = 0xBF;
      if (k == 1 && first == 0xE0) low = 0xA0;
      if (k == 1 && first == 0xED) high = 0x9F;
      if (k == 1 && first == 0xF0) low = 0x90;
      if (k == 1 && first == 0xF4) high = 0x8F;
      if (next < low || next > high) return false;
    }
    i += static_cast<size_t>(following) + 1;
  }
  return true;
}

// The escapes are well-formed: the URL was parsed.
bool HasEncodedSlash(std::string_view encoded) {
  for (size_t at = encoded.find('%'); at != std::string_view::npos;
       at = encoded.find('%', at + 1)) {
    const std::string_view digits = encoded.substr(at + 1, 2);
    if (digits == "2F" || digits == "2f" || digits == "5C" || digits == "5c") return true;
  }
  return false;
}

bool HasDotSegment(std::string_view path) {
  for (size_t begin = 1; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

Checked<Target> ParseTarget(std::string_view target) {
  if (!target.starts_with('/')) return Refuse("The request's target does not start with \"/\".");
  const auto parsed = urls::parse_origin_form({target.data(), target.size()});
  if (!parsed) return Refuse("The request's target is not a path with a query.");
  const urls::url_view url = *parsed;
  const auto encoded = url.encoded_path();
  if (HasEncodedSlash({encoded.data(), encoded.size()})) {
    return Refuse("The path has an encoded slash.");
  }
  Target result;
  result.path = url.path();
  if (std::ranges::any_of(result.path, IsControl))
    return Refuse("The path has a control character.");
  if (!IsUtf8(result.path)) return Refuse("The path is not UTF-8.");
  if (HasDotSegment(result.path)) return Refuse("The path has a dot segment.");
  urls::encoding_opts form;
  form.space_as_plus = true;
  for (const urls::param_pct_view field : url.encoded_params()) {
    std::string name = field.key.decode(form);
    std::string value = field.value.decode(form);
    if (!IsUtf8(name) || !IsUtf8(value)) return Refuse("The query is not UTF-8.");
    if (name.contains('\0') || value.contains('\0')) return Refuse("The query has a NUL.");
    result.query.emplace_back(std::move(name), std::move(value));
  }
  return result;
}

}  // namespace verbatim::http
