// What the simulation of uploads knows beside the server: what clients were told, and what they do.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/jobs.h"
#include "store/uploads.h"
#include "upload/uploads.h"

namespace verbatim::upload {

// What clients know of an upload, and may know.
struct Told {
  std::string content;  // that they have for it
  std::optional<uint64_t> length;
  bool is_partial = false;
  bool wants_job = false;
  std::vector<std::string> parts;
  uint64_t offset = 0;  // acknowledged
  uint64_t sent = 0;    // by the end of which the server may have it all
  store::UploadState state = store::UploadState::kReceiving;
  int64_t expires_ms = 0;
  bool is_released = false;
  bool is_job_deleted = false;
  bool is_gone = false;
  bool may_be_gone = false;  // asked for, and not known
  // The disk failed at what was asked for. It is not done, but may come true by a crash: what the
  // disk did not confirm, and could not be taken out of the log either, may be on it.
  bool is_doubtful = false;
};

// A request that sends bytes.
struct Sender {
  std::string id;
  std::unique_ptr<Receiver> receiver;
  uint64_t position = 0;
  uint64_t end = 0;           // of what was promised, with a checksum
  bool has_checksum = false;  // of what is right
  bool is_bad = false;        // what is sent is not
  bool has_failed = false;
  std::shared_ptr<bool> is_evicted = std::make_shared<bool>(false);
};

// What the ledger holds.
struct Held {
  std::vector<store::Upload> uploads;
  std::map<std::string, std::vector<store::Job>> jobs;  // of each upload
  uint64_t kept_bytes = 0;
};

}  // namespace verbatim::upload
