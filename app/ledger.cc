#include "ledger.h"

#include <fmt/format.h>

#include <utility>

#include "backup/data_folder.h"
#include "backup/restore.h"

namespace verbatim::app {

namespace fs = std::filesystem;

Error WithAdvice(Error error, const fs::path& folder) {
  if (error.code != ErrorCode::kCorruptDatabase) return error;
  error.message += fmt::format(
      ". See what is wrong with: verbatim verify --data-dir {}. Take a backup into a new folder "
      "with: verbatim restore FOLDER --data-dir NEW",
      folder.string());
  return error;
}

Result<std::unique_ptr<store::Database>> OpenLedger(const fs::path& folder) {
  if (backup::IsHalfRestored(folder)) {
    return Fail(ErrorCode::kConflict, fmt::format("a restore into {} was cut off: do it again, "
                                                  "verbatim restore FOLDER --data-dir {}",
                                                  folder.string(), folder.string()));
  }
  const fs::path ledger = folder / backup::kLedgerName;
  if (backup::HasLostLedger(folder)) {
    return Fail(ErrorCode::kCorruptDatabase,
                fmt::format("the database {} is empty or gone, but files of uploads are there",
                            ledger.string()));
  }
  return store::Database::Open(ledger);
}

}  // namespace verbatim::app
