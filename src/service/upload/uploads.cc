#include "upload/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/contain.h"
#include "base/latest.h"
#include "base/mutex.h"
#include "base/random_id.h"
#include "upload/impl/live_upload.h"
#include "upload/impl/session.h"
#include "upload/impl/sources.h"
#include "upload/impl/upload_files.h"
#include "upload/impl/upload_ledger.h"
#include "upload/stored_files.h"

namespace verbatim::upload {
namespace {

using store::Upload;
using store::UploadState;

class SessionReceiver final : public Receiver {
 public:
  explicit SessionReceiver(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~SessionReceiver() override {
    // What ends in an exception has ended the session, too.
    static_cast<void>(Contain([this] { session_->End(); }));
  }
  SessionReceiver(const SessionReceiver&) = delete;
  SessionReceiver& operator=(const SessionReceiver&) = delete;

  Result<void> Append(std::span<const char> bytes) override { return session_->Append(bytes); }
  Result<Upload> Finish() override { return session_->Finish(); }
  Result<Upload> Save() override { return session_->Save(); }

 private:
  std::shared_ptr<Session> session_;
};

// Has the right to change an upload for the length of a scope.
class Turn {
 public:
  static Result<Turn> Take(std::shared_ptr<LiveUpload> live) {
    TRY_VOID(live->Take(nullptr));
    return Turn(std::move(live));
  }
  Turn(Turn&&) = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (live_) live_->Release();
  }

 private:
  explicit Turn(std::shared_ptr<LiveUpload> live) : live_(std::move(live)) {}
  std::shared_ptr<LiveUpload> live_;
};

class FolderUploads final : public Uploads {
 public:
  FolderUploads(const UploadsOptions& options, UploadFiles files, store::Database& database,
                const Clock& clock, Log& log)
      : folder_(options.folder),
        limits_(options.limits),
        files_(std::move(files)),
        ledger_(database, clock, limits_),
        clock_(clock),
        log_(log) {}

  // Makes files and ledger agree.
  Result<void> Reconcile();

  void OnComplete(UploadLedger::Hook hook) override { ledger_.OnComplete(std::move(hook)); }
  const std::filesystem::path& folder() const override { return folder_; }
  UploadLimits limits() const override { return limits_.Get(); }
  void SetLimits(const UploadLimits& limits) override { limits_.Set(limits); }

  Result<Upload> Create(const NewUpload& request) override;
  Result<Upload> Join(const NewUpload& request, const std::vector<std::string>& parts) override;
  Result<Upload> Find(const std::string& id) override;
  Result<Upload> SetLength(const std::string& id, uint64_t length) override;
  Result<std::unique_ptr<Receiver>> Receive(const std::string& id, uint64_t offset,
                                            std::optional<Checksum> checksum,
                                            std::function<void()> on_evicted) override;
  Result<void> Settle(const std::string& id) override;
  Result<void> Delete(const std::string& id) override;
  Result<std::shared_ptr<ByteSource>> OpenSource(const std::string& id) override;
  Result<void> RemoveReleased(const std::string& id) override;
  Result<int> RemoveExpired() override;

 private:
  // The one object for this id that all share who use it now.
  std::shared_ptr<LiveUpload> Live(const std::string& id);

  Result<void> CheckSize(uint64_t size) const;
  Result<void> CheckSpace(uint64_t size) const;
  Result<std::string> ContentSha256(const std::vector<std::string>& ids) const;
  Result<Upload> FindJoined(const std::vector<std::string>& parts);
  Result<bool> Remove(const std::string& id, UploadLedger::When when);
  Result<void> ReconcileFile(const Upload& upload);
  // `size`: of its file; none: there is no file.
  Result<void> TakeLoss(const Upload& upload, std::optional<uint64_t> size);
  Result<std::shared_ptr<ByteSource>> OpenWhole(const Upload& upload) const;

  const std::filesystem::path folder_;
  Latest<UploadLimits> limits_;
  UploadFiles files_;
  UploadLedger ledger_;
  const Clock& clock_;
  Log& log_;

  Mutex mutex_;
  std::map<std::string, std::weak_ptr<LiveUpload>> live_ GUARDED_BY(mutex_);
};

Upload FromRequest(const NewUpload& request) {
  Upload upload;
  upload.id = RandomId();
  upload.length = request.length;
  upload.is_partial = request.is_partial;
  upload.metadata = request.metadata;
  upload.filename = request.filename;
  upload.job_request = request.job_request;
  return upload;
}

Result<void> CheckId(const std::string& id) {
  if (IsRandomId(id)) return {};
  return Fail(ErrorCode::kNotFound, "there is no such upload");
}

Result<void> FolderUploads::Reconcile() {
  const std::vector<Upload> uploads = TRY(ledger_.All());
  std::vector<std::string> known;
  for (const Upload& upload : uploads) {
    TRY_VOID(CheckNames(upload));
    if (!HasFile(upload)) continue;
    TRY_VOID(ReconcileFile(upload));
    known.push_back(upload.id);
  }
  std::ranges::sort(known);
  for (const std::string& id : TRY(files_.List())) {
    if (std::ranges::binary_search(known, id)) continue;
    log_.Info("removing the file of upload {}, which was given up", id);
    TRY_VOID(files_.Remove(id));
  }
  return {};
}

Result<void> FolderUploads::ReconcileFile(const Upload& upload) {
  Result<UploadFile> file = files_.Open(upload.id, UploadFiles::Access::kWrite);
  if (!file && file.error().code != ErrorCode::kNotFound) return Failure(std::move(file).error());
  if (!file && upload.offset == 0) {  // a commit that had failed was found done: nothing is lost
    TRY(files_.Create(upload.id));
    return {};
  }
  if (!file) return TakeLoss(upload, std::nullopt);
  const uint64_t size = TRY(file->Size());
  if (size < upload.offset) return TakeLoss(upload, size);
  if (size == upload.offset) return {};
  log_.Info("upload {}: cutting off {} bytes that were not acknowledged", upload.id,
            size - upload.offset);
  TRY_VOID(file->Truncate(upload.offset));
  return file->Sync();
}

// Somebody, or a damaged disk, took acknowledged bytes away. The server is there for the other
// uploads all the same.
Result<void> FolderUploads::TakeLoss(const Upload& upload, std::optional<uint64_t> size) {
  log_.Error("upload {} ({}) has lost bytes: {} were acknowledged, {} are on disk", upload.id,
             upload.filename, upload.offset, size.value_or(0));
  if (upload.state != UploadState::kReceiving) return {};  // who reads it is told
  if (!size) TRY(files_.Create(upload.id));
  log_.Info("upload {} goes on from {} bytes", upload.id, size.value_or(0));
  return ledger_.Rewind(upload.id, size.value_or(0));
}

Result<Upload> FolderUploads::Create(const NewUpload& request) {
  TRY_VOID(CheckSize(request.length.value_or(0)));
  TRY_VOID(CheckSpace(request.length.value_or(0)));
  Upload upload = FromRequest(request);
  if (upload.length == 0) {
    upload.state = UploadState::kComplete;
    upload.sha256 = TRY(ContentSha256({}));
  }
  TRY(files_.Create(upload.id));
  Result<Upload> inserted = Contain([&] { return ledger_.Insert(upload); });
  if (!inserted) {
    if (auto removed = files_.Remove(upload.id); !removed) {
      log_.Warning("{}", removed.error().message);
    }
  }
  return inserted;
}

Result<Upload> FolderUploads::Join(const NewUpload& request,
                                   const std::vector<std::string>& parts) {
  if (parts.empty()) return Fail(ErrorCode::kInvalidArgument, "no parts are named");
  uint64_t length = 0;
  bool is_joined = true;  // all of them
  for (const std::string& id : parts) {
    const Upload part = TRY(Find(id));
    is_joined = is_joined && part.state == UploadState::kJoined;
    if (!part.is_partial || part.state == UploadState::kReceiving) {
      return Fail(ErrorCode::kConflict, id + " is not a complete part of an upload");
    }
    length += part.offset;
    TRY_VOID(CheckSize(length));
  }
  if (is_joined) return FindJoined(parts);

  Upload upload = FromRequest(request);
  upload.is_partial = false;
  upload.state = UploadState::kComplete;
  upload.length = upload.offset = length;
  upload.parts = parts;
  upload.sha256 = TRY(ContentSha256(parts));
  return ledger_.Insert(std::move(upload));
}

// A client whose request to join got lost asks again.
Result<Upload> FolderUploads::FindJoined(const std::vector<std::string>& parts) {
  for (Upload& upload : TRY(ledger_.All())) {
    if (upload.parts == parts) return std::move(upload);
  }
  return Fail(ErrorCode::kConflict, "the parts belong to another upload");
}

Result<Upload> FolderUploads::Find(const std::string& id) {
  TRY_VOID(CheckId(id));
  return ledger_.Find(id);
}

Result<Upload> FolderUploads::SetLength(const std::string& id, uint64_t length) {
  TRY_VOID(CheckId(id));
  TRY_VOID(CheckSize(length));
  const std::shared_ptr<LiveUpload> live = Live(id);
  const Turn turn = TRY(Turn::Take(live));
  Upload upload = TRY(ledger_.Find(id));
  if (upload.length.value_or(length) != length) {
    return Fail(ErrorCode::kConflict, "the upload's length is known, and another");
  }
  if (length < upload.offset) {
    return Fail(ErrorCode::kInvalidArgument, "more bytes have come than this length");
  }
  if (upload.length && upload.state != UploadState::kReceiving) return upload;
  if (length > upload.offset) {
    if (!upload.length) upload = TRY(ledger_.SetLength(id, length));
  } else {
    std::string sha256 = TRY(ContentSha256({id}));
    upload = TRY(ledger_.Complete(id, length, std::move(sha256)));
  }
  live->Learn(upload.offset, length);
  return upload;
}

Result<std::unique_ptr<Receiver>> FolderUploads::Receive(const std::string& id, uint64_t offset,
                                                         std::optional<Checksum> checksum,
                                                         std::function<void()> on_evicted) {
  TRY_VOID(CheckId(id));
  const SessionTools tools{limits_, files_, ledger_, clock_, log_};
  const std::shared_ptr<LiveUpload> live = Live(id);
  auto session = std::make_shared<Session>(
      tools, Session::Begin{id, live, std::move(checksum), std::move(on_evicted)});
  TRY_VOID(live->Take(session));
  TRY_VOID(session->Start(offset));
  return std::make_unique<SessionReceiver>(std::move(session));
}

Result<void> FolderUploads::Settle(const std::string& id) {
  TRY_VOID(CheckId(id));
  return Live(id)->Settle();
}

Result<void> FolderUploads::Delete(const std::string& id) {
  TRY_VOID(CheckId(id));
  const bool is_removed = TRY(Remove(id, UploadLedger::When::kAlways));
  static_cast<void>(is_removed);
  return {};
}

Result<bool> FolderUploads::Remove(const std::string& id, UploadLedger::When when) {
  const std::shared_ptr<LiveUpload> live = Live(id);
  const Turn turn = TRY(Turn::Take(live));
  const std::vector<std::string> files = TRY(ledger_.Remove(id, when));
  if (files.empty()) return false;
  live->GiveUp();
  for (const std::string& file : files) {
    // It is not in the ledger any more: the next start removes it.
    if (auto removed = files_.Remove(file); !removed) {
      log_.Warning("{}", removed.error().message);
    }
  }
  return true;
}

Result<std::shared_ptr<ByteSource>> FolderUploads::OpenSource(const std::string& id) {
  TRY_VOID(CheckId(id));
  // Before the ledger is read: nothing that happens after it is missed.
  std::shared_ptr<LiveUpload> live = Live(id);
  const Upload upload = TRY(ledger_.Find(id));
  if (upload.state != UploadState::kReceiving) return OpenWhole(upload);
  live->Learn(upload.offset, upload.length);
  return OpenGrowing(files_, id, std::move(live));
}

Result<std::shared_ptr<ByteSource>> FolderUploads::OpenWhole(const Upload& upload) const {
  if (upload.released_ms > 0) {
    return Fail(ErrorCode::kNotFound, "the file of upload " + upload.id +
                                          " was let go (keep_media_days); what was heard in it is "
                                          "kept");
  }
  const std::vector<std::string> itself{upload.id};
  auto source = OpenJoined(files_, upload.parts.empty() ? itself : upload.parts);
  const bool is_lost =
      source ? (*source)->available() < upload.offset : source.error().code == ErrorCode::kNotFound;
  if (!is_lost) return source;
  return Fail(ErrorCode::kNotFound, "the file of upload " + upload.id +
                                        " was removed or damaged on the server: send it again");
}

Result<void> FolderUploads::RemoveReleased(const std::string& id) {
  const Upload upload = TRY(Find(id));
  if (upload.released_ms == 0) return Fail(ErrorCode::kConflict, "the upload is kept");
  for (const std::string& part : upload.parts) TRY_VOID(files_.Remove(part));
  return files_.Remove(id);
}

Result<int> FolderUploads::RemoveExpired() {
  int count = 0;
  for (const std::string& id : TRY(ledger_.Expired())) {
    Result<bool> removed = Remove(id, UploadLedger::When::kExpired);
    if (removed && *removed) ++count;
    if (!removed && removed.error().code != ErrorCode::kNotFound) {
      log_.Warning("upload {} has expired, but stays: {}", id, removed.error().message);
    }
  }
  return count;
}

std::shared_ptr<LiveUpload> FolderUploads::Live(const std::string& id) {
  MutexLock lock(mutex_);
  std::shared_ptr<LiveUpload> live = live_[id].lock();
  if (live) return live;
  std::erase_if(live_, [](const auto& entry) { return entry.second.expired(); });
  live = std::make_shared<LiveUpload>();
  live_[id] = live;
  return live;
}

Result<void> FolderUploads::CheckSize(uint64_t size) const {
  const uint64_t size_max = limits().size_max;
  if (size_max == 0 || size <= size_max) return {};
  return Fail(ErrorCode::kTooLarge, fmt::format("an upload has at most {} bytes", size_max));
}

Result<void> FolderUploads::CheckSpace(uint64_t size) const {
  const uint64_t free = TRY(files_.Free());
  const uint64_t reserve = limits().disk_reserve;
  if (free >= reserve && free - reserve >= size) return {};
  return Fail(ErrorCode::kOutOfSpace, "the disk has no room for this upload");
}

Result<std::string> FolderUploads::ContentSha256(const std::vector<std::string>& ids) const {
  const auto source = TRY(OpenJoined(files_, ids));
  return Sha256Of(*source);
}

}  // namespace

Result<std::unique_ptr<Uploads>> Uploads::Open(const UploadsOptions& options,
                                               store::Database& database, const Clock& clock,
                                               Log& log) {
  UploadFiles files = TRY(UploadFiles::Open(options.folder));
  auto uploads = std::make_unique<FolderUploads>(options, std::move(files), database, clock, log);
  TRY_VOID(uploads->Reconcile());
  return uploads;
}

}  // namespace verbatim::upload
