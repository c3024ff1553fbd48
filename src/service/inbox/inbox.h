// A folder whose media files are transcribed as they come: each becomes an upload with a job, like
// those of any client, and its results are written beside it. The folder is looked through every
// few seconds, as on network drives nobody tells of new files. What was done with a file, as long
// as it stays as it is, stands in the ledger.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/database.h"
#include "transcript/writers.h"
#include "upload/uploads.h"

namespace verbatim::inbox {

struct InboxOptions {
  std::filesystem::path folder;
  std::filesystem::path output;  // empty: beside each file
  std::vector<transcript::Format> formats = {transcript::Format::kSrt};
  int64_t settle_ms = 5000;  // a file that has not changed for so long is whole
};

// "txt,srt" -> formats, in that order, each once. Errors: kInvalidArgument with the choices.
Result<std::vector<transcript::Format>> ParseFormats(std::string_view list);

// Thread: one at a time.
class Inbox {
 public:
  // Errors: kNotFound, kIo if the folder can't be read.
  static Result<std::unique_ptr<Inbox>> Open(InboxOptions options, store::Database& database,
                                             upload::Uploads& uploads, const Clock& clock,
                                             Log& log);
  virtual ~Inbox() = default;

  // Writes the results of what has ended, and takes in what is new. Called every few seconds; takes
  // as long as the new files take to be copied, unless it is stopped.
  virtual void Tick(const std::stop_token& stop) = 0;
};

}  // namespace verbatim::inbox
