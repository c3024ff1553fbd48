// The uploads' rows in the ledger, changed in whole steps: each method is one transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/latest.h"
#include "store/database.h"
#include "store/uploads.h"
#include "upload/uploads.h"

namespace verbatim::upload {

// Thread: any, once the hook is set.
class UploadLedger {
 public:
  using Hook = std::function<Result<void>(store::Connection&, const store::Upload&)>;

  UploadLedger(store::Database& database, const Clock& clock, const Latest<UploadLimits>& limits)
      : database_(database), clock_(clock), limits_(limits) {}

  void OnComplete(Hook hook) { hook_ = std::move(hook); }

  // Errors: kNotFound.
  Result<store::Upload> Find(const std::string& id);
  Result<std::vector<store::Upload>> All();

  // With its times set here; if it is complete already, as Complete. Its parts become joined, if
  // they still can. Errors: kNotFound, kConflict (parts).
  Result<store::Upload> Insert(store::Upload upload);

  // Moves the offset. Errors: kNotFound; kTooLarge (beyond the length); kConflict (complete).
  Result<store::Upload> Advance(const std::string& id, uint64_t offset);

  // Moves the offset of one that is received back to what there is. Errors: kNotFound, kConflict.
  Result<void> Rewind(const std::string& id, uint64_t offset);

  // Errors: kNotFound, kConflict.
  Result<store::Upload> SetLength(const std::string& id, uint64_t length);

  // All bytes are there. Errors: kNotFound, kConflict, and what the hook says.
  Result<store::Upload> Complete(const std::string& id, uint64_t length, std::string sha256);

  enum class When { kAlways, kExpired };
  // Removes it with its parts, and returns the ids that had files; none if it is not to be removed.
  // Errors: kNotFound; kConflict: a joined part.
  Result<std::vector<std::string>> Remove(const std::string& id, When when);

  // Ids of uploads that have expired.
  Result<std::vector<std::string>> Expired();

 private:
  int64_t Expiry() const { return clock_.WallMs() + limits_.Get().expiry_ms; }
  // The row with what the hook made of it.
  Result<store::Upload> RunHook(store::Connection& connection, const store::Upload& upload);

  store::Database& database_;
  const Clock& clock_;
  const Latest<UploadLimits>& limits_;
  Hook hook_;
};

}  // namespace verbatim::upload
