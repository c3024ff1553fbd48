// The table of who did what: requests that change or export something, sign-ins, tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

struct AuditEntry {
  int64_t id = 0;       // in order
  int64_t time_ms = 0;  // wall clock
  std::string token;    // id; "": none was asked for, or it was wrong
  std::string name;     // the token's
  std::string address;  // the client's; "": at the machine itself
  std::string action;   // "DELETE /api/jobs/{id}", "token create"
  std::string object;
  std::string outcome;  // a status of HTTP, "ok"
};

// Appends; the id is given here. The newest 50,000 are kept.
Result<void> AppendAudit(Connection& connection, const AuditEntry& entry);
// Those from `since_ms` on, the newest first, at most `count`.
Result<std::vector<AuditEntry>> FindAudit(Connection& connection, int64_t since_ms, size_t count);

}  // namespace verbatim::store
