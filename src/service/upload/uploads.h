// Files on their way in. What is acknowledged is on disk: bytes first (fdatasync), then the offset
// in the ledger. Protocol-free: tus, multipart and raw PUT are endpoints in `api` over this. Each
// upload is one file named by its id; parts of a parallel upload are joined by listing them, never
// by copying.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "digest/digest.h"
#include "store/database.h"
#include "store/uploads.h"

namespace verbatim::upload {

// What may change while they come in.
struct UploadLimits {
  uint64_t size_max = 1ULL << 30;        // of a file; 0: none
  int64_t expiry_ms = 24 * 3600 * 1000;  // of an unfinished, or unused, upload since its last byte
  uint64_t disk_reserve = 64ULL << 20;   // bytes of the disk that uploads leave free
};

struct UploadsOptions {
  std::filesystem::path folder;  // made if missing
  UploadLimits limits;
};

struct NewUpload {
  std::optional<uint64_t> length;
  bool is_partial = false;
  std::string metadata;  // as sent
  std::string filename;
  std::string job_request;  // JSON: the job to create in the transaction that completes it
};

struct Checksum {
  digest::Kind kind = digest::Kind::kSha256;
  std::string digest;  // raw bytes
};

// Receives bytes for one upload, at its end. What was appended when it is destroyed, or evicted, is
// kept and acknowledged by the offset that Find then gives, unless a checksum was promised.
// Thread: one at a time, may block.
class Receiver {
 public:
  virtual ~Receiver() = default;

  // Errors: kTooLarge (beyond the upload's length or the limit; nothing of it is kept),
  // kOutOfSpace, kIo, kCancelled (another receiver took over).
  virtual Result<void> Append(std::span<const char> bytes) = 0;

  // Puts all on disk and moves the offset. Completes the upload if all of it is there.
  // Errors: kInvalidArgument if the checksum is wrong (the offset stays), kOutOfSpace, kIo,
  // kCancelled.
  virtual Result<store::Upload> Finish() = 0;

  // As Finish, after a failure of the sender: keeps what came, if no checksum was promised.
  virtual Result<store::Upload> Save() = 0;
};

// Thread: any.
class Uploads {
 public:
  // Compares the ledger with the files: bytes beyond an offset are cut off, files without an entry
  // are removed. Acknowledged bytes that are missing are logged: an upload that was not complete
  // goes on from what there is, the source of a complete one says that it is lost. Errors: kIo.
  static Result<std::unique_ptr<Uploads>> Open(const UploadsOptions& options,
                                               store::Database& database, const Clock& clock,
                                               Log& log);
  virtual ~Uploads() = default;

  // Called in the transaction that completes an upload (not one that is only a part). Set once,
  // before use.
  virtual void OnComplete(
      std::function<Result<void>(store::Connection&, const store::Upload&)> hook) = 0;

  // Where their files are.
  virtual const std::filesystem::path& folder() const = 0;

  // What holds now.
  virtual UploadLimits limits() const = 0;
  // For all that comes from now on, also of uploads that were begun; what has a time to expire
  // keeps it until its next byte.
  virtual void SetLimits(const UploadLimits& limits) = 0;

  // Errors: kTooLarge, kOutOfSpace, kIo.
  virtual Result<store::Upload> Create(const NewUpload& request) = 0;

  // A final upload of parts that are complete, in this order. Asked again, with the same parts, it
  // is the one of then.
  // Errors: kNotFound (no such part), kConflict (not a part, not complete, or in use), kTooLarge.
  virtual Result<store::Upload> Join(const NewUpload& request,
                                     const std::vector<std::string>& parts) = 0;

  // The offset is what was acknowledged. Errors: kNotFound.
  virtual Result<store::Upload> Find(const std::string& id) = 0;

  // Tells a length that was deferred; completes the upload if all of it is there. Errors:
  // kNotFound; kConflict (it is known and differs); kTooLarge (over the limit); kInvalidArgument
  // (less than what came).
  virtual Result<store::Upload> SetLength(const std::string& id, uint64_t length) = 0;

  // Starts to receive at `offset`. A receiver at work is stopped first, what it has is saved, and
  // its `on_evicted` is called. Errors: kNotFound; kConflict (another offset, complete already);
  // kBusy (the other receiver does not end within 10 s).
  virtual Result<std::unique_ptr<Receiver>> Receive(const std::string& id, uint64_t offset,
                                                    std::optional<Checksum> checksum,
                                                    std::function<void()> on_evicted) = 0;

  // Stops the receiver at work, if any, and saves what it has: before an answer about the offset.
  virtual Result<void> Settle(const std::string& id) = 0;

  // Errors: kNotFound; kConflict if it is a joined part.
  virtual Result<void> Delete(const std::string& id) = 0;

  // Removes the files of an upload that its row says are let go (released_ms). Errors: kNotFound;
  // kConflict if they are not; kIo.
  virtual Result<void> RemoveReleased(const std::string& id) = 0;

  // Its bytes, also while they are still received: reading then waits. Errors: kNotFound (also: its
  // file was lost, or let go), kIo.
  virtual Result<std::shared_ptr<ByteSource>> OpenSource(const std::string& id) = 0;

  // Removes what has expired; returns how many. Called now and then.
  virtual Result<int> RemoveExpired() = 0;
};

}  // namespace verbatim::upload
