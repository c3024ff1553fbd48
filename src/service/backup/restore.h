// A backup becomes a data folder again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "backup/verify.h"
#include "backup/watch.h"
#include "base/error.h"

namespace verbatim::backup {

// What is to be done with a backup that is not whole.
enum class Damage {
  kRefuse,
  kTakeWhatIsThere,  // files that are lost stay lost; the ledger must be sound all the same
};

// Verifies `from` and copies it into `data`, which is new or empty, or holds what a restore that
// was cut off has left. The ledger gets its place last: without it there is no data. Returns what
// was verified; if it has findings and they are refused, nothing was done.
// Errors: kConflict (`data` holds something, or a server has it; as Verify); kNotFound (`from` is
// no backup); kCancelled; kOutOfSpace; kIo.
Result<Verified> Restore(const std::filesystem::path& from, const std::filesystem::path& data,
                         Damage damage, const Watcher& watcher);

// Whether there are files of uploads, but no ledger, or an empty one, that names them: a server
// would take them for left over.
bool HasLostLedger(const std::filesystem::path& data);

// Whether a restore was cut off in this folder: it must be done again before a server may use it.
bool IsHalfRestored(const std::filesystem::path& data);

}  // namespace verbatim::backup
