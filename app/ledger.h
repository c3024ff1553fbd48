// The ledger of a data folder, opened by whoever works on it: the server, or a command without one.
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::app {

// Never makes a new ledger where one was lost or half restored: uploads that it does not name would
// be removed. Errors: kConflict, which says what can be done; those of store::Database::Open.
Result<std::unique_ptr<store::Database>> OpenLedger(const std::filesystem::path& folder);

// Adds what can be done, if the error is damage of the ledger, wherever it came to light.
Error WithAdvice(Error error, const std::filesystem::path& folder);

}  // namespace verbatim::app
