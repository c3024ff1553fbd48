// The header fields of tus, the protocol of resumable uploads, as values; and the rules that can be
// told from a request alone. Knows no uploads: api/upload_routes.cc does.
// Source: tus.io/protocols/resumable-upload, version 1.0.0.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "upload/uploads.h"

namespace verbatim::api {

inline constexpr std::string_view kTusVersion = "1.0.0";
inline constexpr std::string_view kTusExtensions =
    "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration";
inline constexpr std::string_view kTusChecksums = "sha1,sha256";
inline constexpr std::string_view kTusContentType = "application/offset+octet-stream";
inline constexpr int kTusChecksumMismatch = 460;

// What a request is refused with.
struct TusRefusal {
  int status = 400;
  std::string detail;
};
template <typename T>
using TusResult = std::expected<T, TusRefusal>;

// Digits alone. Refused: 400.
TusResult<uint64_t> ParseTusNumber(std::string_view name, std::string_view text);

// Upload-Metadata: keys are unique and not empty, values base64. Refused: 400.
using TusMetadata = std::vector<std::pair<std::string, std::string>>;
TusResult<TusMetadata> ParseTusMetadata(std::string_view text);

// Upload-Checksum: "sha1 " or "sha256 " and a digest in base64. Refused: 400.
TusResult<upload::Checksum> ParseTusChecksum(std::string_view text);

// Upload-Concat.
struct TusConcat {
  enum class Kind { kNone, kPartial, kFinal };
  Kind kind = Kind::kNone;
  std::vector<std::string> parts;  // ids
};
// Parts are addresses of uploads of this server, with or without scheme and host. Refused: 400.
TusResult<TusConcat> ParseTusConcat(std::string_view text);

// A POST.
struct TusCreation {
  std::optional<uint64_t> length;  // none: deferred, or final
  TusConcat concat;
  std::string metadata_text;
  TusMetadata metadata;
  std::optional<upload::Checksum> checksum;
  bool has_bytes = false;
};
// Refused: 412 (version), 400, 403 (bytes for a final upload), 413, 415.
TusResult<TusCreation> ParseTusCreation(const http::Request& request);

// A PATCH.
struct TusPatch {
  uint64_t offset = 0;
  std::optional<uint64_t> length;  // of an upload whose length was deferred
  std::optional<upload::Checksum> checksum;
};
// Refused: 412 (version), 400, 415.
TusResult<TusPatch> ParseTusPatch(const http::Request& request);

// Whether the client speaks our version. Refused: 412.
TusResult<void> CheckTusVersion(const http::Request& request);

// The value of a key; empty: there is none.
std::string_view TusMetadataValue(const TusMetadata& metadata, std::string_view key);

// "Wed, 25 Jun 2014 16:00:00 GMT" (RFC 9110, 5.6.7). Unit: milliseconds since 1970-01-01 UTC.
std::string HttpDate(int64_t wall_ms);

}  // namespace verbatim::api
