// A consistent copy of a data folder: the ledger in one of its states, and every file of uploads
// that this state names. Made beside the server that has the folder, or without one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "backup/watch.h"
#include "base/error.h"

namespace verbatim::backup {

struct BackupSummary {
  int64_t jobs = 0;
  int64_t transcripts = 0;
  size_t files = 0;
  uint64_t file_bytes = 0;
  size_t files_taken_over = 0;        // linked from the backup that was there
  std::vector<std::string> warnings;  // files that the ledger names and that are not there
};

// Puts together a backup beside `into` and gives it that name when it is whole and on disk. `into`
// is new, empty, or a backup, which is replaced; its files of uploads that are the same are linked,
// not copied. What is deleted meanwhile is not in the backup.
// Errors: kNotFound (`data` has no ledger); kConflict (`into` holds something else, or another
// backup to it is being made; the ledger is of a newer version); kBusy (too much is deleted
// meanwhile); kCorruptDatabase; kCancelled; kOutOfSpace; kIo.
Result<BackupSummary> BackUp(const std::filesystem::path& data, const std::filesystem::path& into,
                             const Watcher& watcher);

// Whether a folder is a backup.
bool IsBackup(const std::filesystem::path& folder);

}  // namespace verbatim::backup
