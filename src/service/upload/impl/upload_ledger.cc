#include "upload/impl/upload_ledger.h"

#include <algorithm>
#include <utility>

namespace verbatim::upload {
namespace {

using store::Connection;
using store::Upload;
using store::UploadState;

Result<Upload> FindRow(Connection& connection, const std::string& id) {
  std::optional<Upload> upload = TRY(store::FindUpload(connection, id));
  if (!upload) return Fail(ErrorCode::kNotFound, "there is no upload " + id);
  return *std::move(upload);
}

Result<Upload> FindReceiving(Connection& connection, const std::string& id) {
  Upload upload = TRY(FindRow(connection, id));
  if (upload.state != UploadState::kReceiving) {
    return Fail(ErrorCode::kConflict, "the upload is complete");
  }
  return upload;
}

Result<void> JoinPart(Connection& connection, const std::string& id) {
  Upload part = TRY(FindRow(connection, id));
  if (!part.is_partial) return Fail(ErrorCode::kConflict, id + " is not a part of an upload");
  if (part.state == UploadState::kReceiving) {
    return Fail(ErrorCode::kConflict, "part " + id + " is not complete");
  }
  if (part.state == UploadState::kJoined) {
    return Fail(ErrorCode::kConflict, "part " + id + " belongs to another upload");
  }
  part.state = UploadState::kJoined;
  part.expires_ms = 0;  // it goes when the whole goes
  return store::UpdateUpload(connection, part);
}

// An upload may name a part twice.
std::vector<std::string> Distinct(std::vector<std::string> ids) {
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  return ids;
}

}  // namespace

Result<Upload> UploadLedger::Find(const std::string& id) {
  return database_.Read([&](Connection& connection) { return FindRow(connection, id); });
}

Result<std::vector<Upload>> UploadLedger::All() {
  return database_.Read([](Connection& connection) { return store::AllUploads(connection); });
}

Result<Upload> UploadLedger::Insert(Upload upload) {
  upload.created_ms = clock_.WallMs();
  upload.expires_ms = Expiry();
  return database_.Write([&](Connection& connection) -> Result<Upload> {
    for (const std::string& part : Distinct(upload.parts)) TRY_VOID(JoinPart(connection, part));
    TRY_VOID(store::InsertUpload(connection, upload));
    return RunHook(connection, upload);
  });
}

Result<Upload> UploadLedger::Advance(const std::string& id, uint64_t offset) {
  return database_.Write([&](Connection& connection) -> Result<Upload> {
    Upload upload = TRY(FindReceiving(connection, id));
    if (upload.length && offset > *upload.length) {
      return Fail(ErrorCode::kTooLarge, "more bytes than the upload's length");
    }
    upload.offset = offset;
    if (upload.expires_ms != 0) upload.expires_ms = Expiry();
    TRY_VOID(store::UpdateUpload(connection, upload));
    return upload;
  });
}

Result<void> UploadLedger::Rewind(const std::string& id, uint64_t offset) {
  return database_.Write([&](Connection& connection) -> Result<void> {
    Upload upload = TRY(FindReceiving(connection, id));
    upload.offset = offset;
    return store::UpdateUpload(connection, upload);
  });
}

Result<Upload> UploadLedger::SetLength(const std::string& id, uint64_t length) {
  return database_.Write([&](Connection& connection) -> Result<Upload> {
    Upload upload = TRY(FindReceiving(connection, id));
    upload.length = length;
    TRY_VOID(store::UpdateUpload(connection, upload));
    return upload;
  });
}

Result<Upload> UploadLedger::Complete(const std::string& id, uint64_t length, std::string sha256) {
  return database_.Write([&](Connection& connection) -> Result<Upload> {
    Upload upload = TRY(FindReceiving(connection, id));
    if (upload.length.value_or(length) != length) {
      return Fail(ErrorCode::kConflict, "the upload's length was changed");
    }
    upload.state = UploadState::kComplete;
    upload.length = length;
    upload.offset = length;
    upload.sha256 = sha256;
    if (upload.expires_ms != 0) upload.expires_ms = Expiry();
    TRY_VOID(store::UpdateUpload(connection, upload));
    return RunHook(connection, upload);
  });
}

Result<std::vector<std::string>> UploadLedger::Remove(const std::string& id, When when) {
  return database_.Write([&](Connection& connection) -> Result<std::vector<std::string>> {
    const Upload upload = TRY(FindRow(connection, id));
    if (upload.state == UploadState::kJoined) {
      return Fail(ErrorCode::kConflict, "the part belongs to an upload");
    }
    const bool is_expired = upload.expires_ms != 0 && upload.expires_ms <= clock_.WallMs();
    if (when == When::kExpired && !is_expired) return std::vector<std::string>{};
    TRY_VOID(store::DeleteUpload(connection, id));
    if (upload.parts.empty()) return std::vector<std::string>{id};
    std::vector<std::string> parts = Distinct(upload.parts);
    for (const std::string& part : parts) TRY_VOID(store::DeleteUpload(connection, part));
    return parts;
  });
}

Result<std::vector<std::string>> UploadLedger::Expired() {
  const int64_t now_ms = clock_.WallMs();
  const std::vector<Upload> uploads = TRY(database_.Read(
      [&](Connection& connection) { return store::ExpiredUploads(connection, now_ms); }));
  std::vector<std::string> ids;
  for (const Upload& upload : uploads) ids.push_back(upload.id);
  return ids;
}

Result<Upload> UploadLedger::RunHook(Connection& connection, const Upload& upload) {
  if (upload.state != UploadState::kComplete || upload.is_partial || !hook_) return upload;
  Result<void> done = hook_(connection, upload);
  if (!done) {
    // Not an error in what the client sent now, which kInvalidArgument would say.
    Error error = std::move(done).error();
    if (error.code == ErrorCode::kInvalidArgument) error.code = ErrorCode::kConflict;
    return Failure(std::move(error).WithContext("completing the upload"));
  }
  return FindRow(connection, upload.id);
}

}  // namespace verbatim::upload
