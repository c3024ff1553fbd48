// The table of uploads: what was received of each file. Bytes lie in files that room `upload`
// manages; an offset in this table is only ever one that is on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

enum class UploadState {
  kReceiving,
  kComplete,
  kJoined,  // a part, complete, that belongs to a final upload and is deleted with it
};

struct Upload {
  std::string id;
  UploadState state = UploadState::kReceiving;
  std::optional<uint64_t> length;  // bytes; none: to be told later
  uint64_t offset = 0;             // bytes on disk
  bool is_partial = false;         // tus: a part of a parallel upload
  std::vector<std::string> parts;  // of a final upload: ids of its parts in order; else empty
  std::string metadata;            // tus Upload-Metadata as sent, checked
  std::string filename;            // as the client named it; only ever shown
  std::string sha256;              // lower-case hex, once complete
  std::string job_request;         // JSON: the job to create when it completes; empty: none
  int64_t created_ms = 0;          // wall clock
  int64_t expires_ms = 0;          // wall clock; 0: never (complete and in use)
  int64_t released_ms = 0;         // wall clock; when its file was let go; 0: it is there
};

// Errors: kConflict if the id exists.
Result<void> InsertUpload(Connection& connection, const Upload& upload);
Result<std::optional<Upload>> FindUpload(Connection& connection, const std::string& id);
// Writes all fields. Errors: kNotFound.
Result<void> UpdateUpload(Connection& connection, const Upload& upload);
// Errors: kNotFound; kConflict if a job has it.
Result<void> DeleteUpload(Connection& connection, const std::string& id);
// All, oldest first: to compare with the files at start.
Result<std::vector<Upload>> AllUploads(Connection& connection);
// The same from a file of any version, with what names and measures their files alone: id, state,
// offset, parts, filename, sha256 and, if the version knows of it, released_ms.
Result<std::vector<Upload>> UploadsOfAnyVersion(Connection& connection);
// Complete ones with a file all of whose jobs, at least one, ended before `ended_ms`; at most
// `count`.
Result<std::vector<Upload>> UploadsToRelease(Connection& connection, int64_t ended_ms,
                                             size_t count);
// Those whose expires_ms lies between 1 and `now_ms`.
Result<std::vector<Upload>> ExpiredUploads(Connection& connection, int64_t now_ms);

}  // namespace verbatim::store
