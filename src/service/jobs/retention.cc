// What is let go: jobs that ended long ago, or more than there is room for, and media alone.
#include "jobs/impl/job_center.h"

namespace verbatim::jobs {
namespace {

using store::Connection;
using store::Job;

constexpr int64_t kRetentionMs = 3'600'000;  // between looks, if no job ends
constexpr size_t kBatch = 100;               // in one transaction
// However much there is: who waits for a result must have the time to fetch it.
constexpr int64_t kLeastKeptMs = 3'600'000;

}  // namespace

void JobCenter::Retain() {
  const int64_t now_ms = parts_.clock.SteadyMs();
  if (now_ms < retention_due_ms_) return;
  retention_due_ms_ = now_ms + kRetentionMs;
  const Retention retention = limits_.Get().retention;
  Result<void> done;
  if (retention.keep_ms > 0) done = RemoveOld(retention.keep_ms);
  if (done && retention.keep_bytes > 0) done = RemoveSurplus(retention.keep_bytes);
  if (done && retention.keep_media_ms > 0) done = ReleaseMedia(retention.keep_media_ms);
  if (!done) parts_.log.Warning("not all that is old could be removed: {}", done.error().message);
}

Result<void> JobCenter::RemoveOld(int64_t keep_ms) {
  const int64_t ended_ms = parts_.clock.WallMs() - keep_ms;
  while (!is_stopping_) {
    const std::vector<Job> old = TRY(parts_.database.Read(
        [&](Connection& connection) { return store::EndedJobs(connection, ended_ms, kBatch); }));
    if (old.empty()) return {};
    for (const Job& job : old) {
      TRY_VOID(Delete(job.id));
      parts_.log.Info("job {} is deleted: it ended more than {} days ago (keep_days)", job.id,
                      keep_ms / 86'400'000);
    }
  }
  return {};
}

Result<void> JobCenter::RemoveSurplus(uint64_t keep_bytes) {
  const int64_t ended_ms = parts_.clock.WallMs() - kLeastKeptMs;
  while (!is_stopping_) {
    const uint64_t bytes = TRY(parts_.database.Read(store::KeptBytes));
    const std::vector<Job> oldest = TRY(parts_.database.Read(
        [&](Connection& connection) { return store::EndedJobs(connection, ended_ms, 1); }));
    if (bytes <= keep_bytes || oldest.empty()) return {};
    TRY_VOID(Delete(oldest.front().id));
    parts_.log.Info("job {} is deleted: {} MB are kept, {} MB may be (keep_bytes)",
                    oldest.front().id, bytes / 1'000'000, keep_bytes / 1'000'000);
  }
  return {};
}

Result<void> JobCenter::ReleaseMedia(int64_t keep_ms) {
  const int64_t ended_ms = parts_.clock.WallMs() - keep_ms;
  while (!is_stopping_) {
    const std::vector<std::string> ids = TRY(ledger_.ReleaseMedia(ended_ms, kBatch));
    if (ids.empty()) return {};
    for (const std::string& id : ids) {
      parts_.log.Info(
          "the file of upload {} is deleted: its job ended more than {} days ago "
          "(keep_media_days)",
          id, keep_ms / 86'400'000);
      TRY_VOID(parts_.uploads.RemoveReleased(id));
    }
  }
  return {};
}

}  // namespace verbatim::jobs
