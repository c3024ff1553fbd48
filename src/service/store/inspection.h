// A look at a ledger's file from outside: beside the server that has it, or without one. It reads
// one consistent state and changes nothing, whatever version the file has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/uploads.h"

namespace verbatim::store {

struct LedgerCounts {
  int64_t jobs = 0;
  int64_t transcripts = 0;
};

// Thread: one at a time.
class Inspection {
 public:
  // Errors: kNotFound (there is no such file); kConflict (of another program, or of a newer
  // version); kCorruptDatabase; kIo.
  static Result<std::unique_ptr<Inspection>> Open(const std::filesystem::path& path);
  virtual ~Inspection() = default;

  // The version of the schema.
  virtual size_t version() const = 0;

  // What it names, as UploadsOfAnyVersion. Errors: those of SQLite.
  virtual Result<std::vector<Upload>> Uploads() = 0;
  virtual Result<LedgerCounts> Counts() = 0;

  // Writes a whole copy, which needs no file beside it, to a path where nothing is, and puts it on
  // disk. Errors: kCorruptDatabase; kOutOfSpace; kIo.
  virtual Result<void> CopyTo(const std::filesystem::path& path) = 0;

  // What is wrong inside, a sentence each: pages and indexes, references, the full text,
  // transcripts that can't be read or differ from what is searched. Empty: nothing.
  // Errors: kOutOfSpace, kIo (the full text is checked in a temporary file); kCancelled if
  // `is_stopped`.
  virtual Result<std::vector<std::string>> Findings(const std::function<bool()>& is_stopped) = 0;
};

// Within Write: whether the disk takes a commit. Writes what is there already, which an empty
// transaction would not.
Result<void> CheckWritable(Connection& connection);

}  // namespace verbatim::store
