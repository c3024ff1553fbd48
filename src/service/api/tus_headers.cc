#include "api/tus_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/random_id.h"
#include "digest/digest.h"

namespace verbatim::api {
namespace {

constexpr std::string_view kUploadsPath = "/api/uploads/";
constexpr size_t kPartsMax = 100;

std::unexpected<TusRefusal> Refuse(int status, std::string detail) {
  return std::unexpected(TusRefusal{status, std::move(detail)});
}

int Base64Digit(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t found = kDigits.find(c);
  return found == kDigits.npos ? -1 : static_cast<int>(found);
}

// RFC 4648, section 4; padded, and nothing but the text's bits set.
std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string decoded;
  unsigned bits = 0;
  for (size_t i = 0; i < text.size() - padding; ++i) {
    const int digit = Base64Digit(text[i]);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(digit);
    if (i % 4 != 0) decoded += static_cast<char>(bits >> (6 - 2 * (i % 4)) & 0xff);
  }
  const unsigned left_mask = padding == 2 ? 0x0f : padding == 1 ? 0x03 : 0;
  if ((bits & left_mask) != 0) return std::nullopt;
  return decoded;
}

// The one value of a field; none if it is absent. Refused: 400 if it is there twice.
TusResult<std::optional<std::string_view>> Single(const http::Request& request,
                                                  std::string_view name) {
  if (request.headers.Count(name) > 1) {
    return Refuse(400, fmt::format("{} is there more than once", name));
  }
  return request.headers.Find(name);
}

TusResult<std::optional<uint64_t>> SingleNumber(const http::Request& request,
                                                std::string_view name) {
  const auto text = Single(request, name);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  const auto number = ParseTusNumber(name, **text);
  if (!number) return std::unexpected(number.error());
  return *number;
}

TusResult<std::optional<upload::Checksum>> SingleChecksum(const http::Request& request) {
  const auto text = Single(request, "Upload-Checksum");
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto checksum = ParseTusChecksum(**text);
  if (!checksum) return std::unexpected(std::move(checksum).error());
  return std::move(*checksum);
}

bool HasTusContentType(const http::Request& request) {
  return request.headers.Find("Content-Type") == kTusContentType;
}

// The id in an upload's address.
std::optional<std::string> PartId(std::string_view address) {
  const size_t path = address.rfind(kUploadsPath);
  if (path == address.npos) return std::nullopt;
  const std::string_view front = address.substr(0, path);
  const std::string_view id = address.substr(path + kUploadsPath.size());
  if (!IsRandomId(id)) return std::nullopt;
  // A proxy may serve us under a path of its own.
  const bool is_absolute = front.starts_with("http://") || front.starts_with("https://");
  const bool is_plain = front.find_first_of("?#") == front.npos;
  if (!front.empty() && !(is_absolute && is_plain)) return std::nullopt;
  return std::string(id);
}

// Upload-Length, or that it is deferred, as the kind of upload asks for.
TusResult<void> ParseCreationLength(const http::Request& request, TusCreation& creation) {
  const auto length = SingleNumber(request, "Upload-Length");
  if (!length) return std::unexpected(length.error());
  const auto deferred = Single(request, "Upload-Defer-Length");
  if (!deferred) return std::unexpected(deferred.error());
  if (*deferred && **deferred != "1") return Refuse(400, "Upload-Defer-Length must be 1");
  if (creation.concat.kind == TusConcat::Kind::kFinal) {
    if (*length || *deferred) {
      return Refuse(400, "a final upload has the length of its parts; do not send one");
    }
    return {};
  }
  if (length->has_value() == deferred->has_value()) {
    return Refuse(400, "exactly one of Upload-Length and Upload-Defer-Length must be there");
  }
  creation.length = *length;
  return {};
}

TusResult<void> ParseCreationBody(const http::Request& request, TusCreation& creation) {
  creation.has_bytes = request.has_body();
  if (!creation.has_bytes) return {};
  if (creation.concat.kind == TusConcat::Kind::kFinal) {
    return Refuse(403, "a final upload takes no bytes of its own");
  }
  if (!HasTusContentType(request)) {
    return Refuse(415, fmt::format("bytes of an upload have the Content-Type {}", kTusContentType));
  }
  if (creation.length && request.content_length.value_or(0) > *creation.length) {
    return Refuse(413, "more bytes than Upload-Length");
  }
  return {};
}

}  // namespace

TusResult<uint64_t> ParseTusNumber(std::string_view name, std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Refuse(400, fmt::format("{} must be a whole number that is not negative", name));
  }
  return number;
}

TusResult<TusMetadata> ParseTusMetadata(std::string_view text) {
  TusMetadata metadata;
  while (true) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view pair = text.substr(0, end);
    const size_t space = std::min(pair.find(' '), pair.size());
    const std::string key(pair.substr(0, space));
    const auto is_allowed = [](char c) { return c > ' ' && c <= '~'; };
    if (key.empty() || !std::ranges::all_of(key, is_allowed)) {
      return Refuse(400, "Upload-Metadata has an empty or broken key");
    }
    auto value = DecodeBase64(pair.substr(std::min(space + 1, pair.size())));
    if (!value) return Refuse(400, fmt::format("Upload-Metadata: {} is not base64", key));
    for (const auto& [other, ignored] : metadata) {
      if (other == key) return Refuse(400, fmt::format("Upload-Metadata names {} twice", key));
    }
    metadata.emplace_back(key, *std::move(value));
    if (end == text.size()) return metadata;
    text.remove_prefix(end + 1);
  }
}

TusResult<upload::Checksum> ParseTusChecksum(std::string_view text) {
  const size_t space = text.find(' ');
  const std::string_view name = text.substr(0, space);
  size_t size = 0;
  upload::Checksum checksum;
  if (name == "sha1") {
    checksum.kind = digest::Kind::kSha1;
    size = 20;
  } else if (name == "sha256") {
    checksum.kind = digest::Kind::kSha256;
    size = 32;
  } else {
    return Refuse(400, fmt::format("Upload-Checksum: the algorithms are {}", kTusChecksums));
  }
  auto digest = DecodeBase64(space == text.npos ? std::string_view() : text.substr(space + 1));
  if (!digest || digest->size() != size) {
    return Refuse(400, fmt::format("Upload-Checksum: {} has {} bytes, in base64", name, size));
  }
  checksum.digest = *std::move(digest);
  return checksum;
}

TusResult<TusConcat> ParseTusConcat(std::string_view text) {
  constexpr std::string_view kFinal = "final;";
  TusConcat concat;
  if (text == "partial") {
    concat.kind = TusConcat::Kind::kPartial;
    return concat;
  }
  if (!text.starts_with(kFinal)) {
    return Refuse(400, "Upload-Concat must be \"partial\", or \"final;\" and addresses");
  }
  concat.kind = TusConcat::Kind::kFinal;
  text.remove_prefix(kFinal.size());
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    auto id = PartId(text.substr(0, end));
    if (!id || concat.parts.size() == kPartsMax) {
      return Refuse(400, fmt::format("Upload-Concat: parts are up to {} addresses like {}ID",
                                     kPartsMax, kUploadsPath));
    }
    concat.parts.push_back(*std::move(id));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (concat.parts.empty()) return Refuse(400, "Upload-Concat names no parts");
  return concat;
}

TusResult<TusCreation> ParseTusCreation(const http::Request& request) {
  if (auto version = CheckTusVersion(request); !version) return std::unexpected(version.error());
  TusCreation creation;
  const auto concat = Single(request, "Upload-Concat");
  if (!concat) return std::unexpected(concat.error());
  if (*concat) {
    auto parsed = ParseTusConcat(**concat);
    if (!parsed) return std::unexpected(parsed.error());
    creation.concat = *std::move(parsed);
  }
  const auto metadata = Single(request, "Upload-Metadata");
  if (!metadata) return std::unexpected(metadata.error());
  if (*metadata && !(*metadata)->empty()) {
    auto parsed = ParseTusMetadata(**metadata);
    if (!parsed) return std::unexpected(parsed.error());
    creation.metadata_text = **metadata;
    creation.metadata = *std::move(parsed);
  }
  auto checksum = SingleChecksum(request);
  if (!checksum) return std::unexpected(checksum.error());
  creation.checksum = *std::move(checksum);
  if (auto length = ParseCreationLength(request, creation); !length) {
    return std::unexpected(length.error());
  }
  if (auto body = ParseCreationBody(request, creation); !body) {
    return std::unexpected(body.error());
  }
  return creation;
}

TusResult<TusPatch> ParseTusPatch(const http::Request& request) {
  if (auto version = CheckTusVersion(request); !version) return std::unexpected(version.error());
  if (!HasTusContentType(request)) {
    return Refuse(415, fmt::format("bytes of an upload have the Content-Type {}", kTusContentType));
  }
  TusPatch patch;
  const auto offset = SingleNumber(request, "Upload-Offset");
  if (!offset) return std::unexpected(offset.error());
  if (!*offset) return Refuse(400, "Upload-Offset is missing");
  patch.offset = **offset;
  const auto length = SingleNumber(request, "Upload-Length");
  if (!length) return std::unexpected(length.error());
  patch.length = *length;
  auto checksum = SingleChecksum(request);
  if (!checksum) return std::unexpected(checksum.error());
  patch.checksum = *std::move(checksum);
  return patch;
}

TusResult<void> CheckTusVersion(const http::Request& request) {
  if (request.headers.Find("Tus-Resumable") == kTusVersion) return {};
  return Refuse(412, fmt::format("Tus-Resumable must be {}", kTusVersion));
}

std::string_view TusMetadataValue(const TusMetadata& metadata, std::string_view key) {
  for (const auto& [name, value] : metadata) {
    if (name == key) return value;
  }
  return {};
}

std::string HttpDate(int64_t wall_ms) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

}  // namespace verbatim::api
