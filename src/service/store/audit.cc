#include "store/audit.h"

#include <utility>

#include "store/impl/connection.h"

namespace verbatim::store {
namespace {

constexpr int64_t kEntriesMax = 50'000;

}  // namespace

Result<void> AppendAudit(Connection& connection, const AuditEntry& entry) {
  Statement insert = TRY(connection.Prepare(
      "INSERT INTO audit (time_ms, token, name, address, action, object, outcome) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.Bind(entry.time_ms).Bind(entry.token).Bind(entry.name).Bind(entry.address);
  TRY(insert.Bind(entry.action).Bind(entry.object).Bind(entry.outcome).Run());
  Statement trim = TRY(connection.Prepare("DELETE FROM audit WHERE id <= ?"));
  TRY(trim.Bind(connection.inserted_id() - kEntriesMax).Run());
  return {};
}

Result<std::vector<AuditEntry>> FindAudit(Connection& connection, int64_t since_ms, size_t count) {
  Statement find =
      TRY(connection.Prepare("SELECT id, time_ms, token, name, address, action, object, outcome "
                             "FROM audit WHERE time_ms >= ? ORDER BY id DESC LIMIT ?"));
  find.Bind(since_ms).Bind(AsLimit(count));
  std::vector<AuditEntry> entries;
  while (TRY(find.Step())) {
    AuditEntry entry;
    entry.id = find.Integer();
    entry.time_ms = find.Integer();
    entry.token = find.Text();
    entry.name = find.Text();
    entry.address = find.Text();
    entry.action = find.Text();
    entry.object = find.Text();
    entry.outcome = find.Text();
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace verbatim::store
