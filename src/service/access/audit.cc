#include "access/audit.h"

#include <utility>

#include "access/secret.h"

namespace verbatim::access {
namespace {

constexpr size_t kNotedMax = 10'000;
constexpr size_t kTextBytesMax = 500;

std::string Harmless(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    size_t end = kTextBytesMax;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a letter
    text = text.substr(0, end);
  }
  return WithoutTokens(text);
}

}  // namespace

void Audit::Note(store::AuditEntry entry) {
  entry.time_ms = clock_.WallMs();
  entry.action = Harmless(entry.action);
  entry.object = Harmless(entry.object);
  const MutexLock lock(mutex_);
  if (noted_.size() < kNotedMax) {
    noted_.push_back(std::move(entry));
  } else {
    ++dropped_;
  }
}

Result<std::vector<store::AuditEntry>> Audit::Find(int64_t since_ms, size_t count) {
  TRY_VOID(Write());
  return database_.Read(
      [&](store::Connection& connection) { return store::FindAudit(connection, since_ms, count); });
}

void Audit::Tick() {
  if (const Result<void> written = Write(); !written) {
    log_.Warning("writing the audit: {}", written.error().message);
  }
}

Result<void> Audit::Write() {
  const MutexLock turn(turn_);
  std::vector<store::AuditEntry> noted;
  size_t dropped = 0;
  {
    const MutexLock lock(mutex_);
    noted = std::exchange(noted_, {});
    dropped = std::exchange(dropped_, 0);
  }
  if (dropped > 0) log_.Warning("the audit lacks {} entries: too many came at once", dropped);
  if (noted.empty()) return {};
  Result<void> written = database_.Write([&](store::Connection& connection) -> Result<void> {
    for (const store::AuditEntry& entry : noted) {
      TRY_VOID(store::AppendAudit(connection, entry));
    }
    return {};
  });
  if (written) return {};
  // They wait for the next time.
  const MutexLock lock(mutex_);
  noted.insert(noted.end(), noted_.begin(), noted_.end());
  noted_ = std::move(noted);
  return written;
}

}  // namespace verbatim::access
