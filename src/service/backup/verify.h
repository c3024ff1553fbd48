// Whether a data folder, or a backup, is whole: the ledger within itself, and every file of uploads
// that it names. Changes nothing; also beside the server that has the folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "backup/watch.h"
#include "base/error.h"

namespace verbatim::backup {

struct Verified {
  std::vector<std::string> findings;  // what is wrong, a sentence each
  bool is_ledger_sound = true;        // nothing of it is about the ledger itself
  size_t version = 0;                 // of the ledger's schema
  int64_t jobs = 0;
  int64_t transcripts = 0;
  size_t files = 0;
  uint64_t file_bytes = 0;
};

// Errors: kNotFound (there is no ledger); kConflict (it is of another program, or of a newer
// version); kCancelled; kOutOfSpace; kIo.
Result<Verified> Verify(const std::filesystem::path& folder, const Watcher& watcher);

}  // namespace verbatim::backup
