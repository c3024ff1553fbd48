// Who did what: gathered in memory, so that no request waits for it, and written to the ledger each
// second. A crash loses the last second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "store/audit.h"
#include "store/database.h"

namespace verbatim::access {

// Thread: any.
class Audit {
 public:
  // All three outlive it.
  Audit(store::Database& database, const Clock& clock, Log& log)
      : database_(database), clock_(clock), log_(log) {}

  // Takes a note; its time and id are given here. Tokens in it are masked, long texts are cut. Of
  // more than 10,000 in a second the rest is dropped, and the log says how many.
  void Note(store::AuditEntry entry);

  // Those from `since_ms` on, the newest first, with what was noted just now.
  Result<std::vector<store::AuditEntry>> Find(int64_t since_ms, size_t count);

  // Writes down what was noted; to be called each second, and at the end.
  void Tick();

 private:
  Result<void> Write();

  store::Database& database_;
  const Clock& clock_;
  Log& log_;
  Mutex turn_;  // keeps the order
  Mutex mutex_;
  std::vector<store::AuditEntry> noted_ GUARDED_BY(mutex_);
  size_t dropped_ GUARDED_BY(mutex_) = 0;
};

}  // namespace verbatim::access
