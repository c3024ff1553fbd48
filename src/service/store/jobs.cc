#include "store/jobs.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "store/events.h"
#include "store/impl/connection.h"
#include "store/impl/segments.h"

namespace verbatim::store {
namespace {

constexpr std::array<std::string_view, 6> kStateNames = {
    "queued", "running", "completed", "completed_with_gaps", "failed", "cancelled"};

// In the order of BindFields and ReadJob.
constexpr std::string_view kFields =
    "upload, state, priority, options, transcript_key, idempotency_key, request_digest, "
    "is_ephemeral, created_ms, started_ms, finished_ms, attempt, crashes, owner, lease_until_ms, "
    "is_cancel_requested, duration_ms, position_ms, share, windows_done, language, error_code, "
    "error_message, reused_from, title, tags, plan";
constexpr std::string_view kFieldMarks =
    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

std::string Select(std::string_view rest) {
  return "SELECT id, " + std::string(kFields) + " FROM jobs " + std::string(rest);
}

std::string Update(std::string_view rest) {
  return "UPDATE jobs SET (" + std::string(kFields) + ") = (" + std::string(kFieldMarks) + ") " +
         std::string(rest);
}

std::string JoinTags(const std::vector<std::string>& tags) {
  std::string joined;
  for (const std::string& tag : tags) joined += (joined.empty() ? "" : ",") + tag;
  return joined;
}

std::vector<std::string> SplitTags(std::string_view joined) {
  std::vector<std::string> tags;
  while (!joined.empty()) {
    const size_t comma = std::min(joined.find(','), joined.size());
    tags.emplace_back(joined.substr(0, comma));
    joined.remove_prefix(std::min(comma + 1, joined.size()));
  }
  return tags;
}

void BindFields(Statement& statement, const Job& job) {
  statement.Bind(job.upload)
      .Bind(JobStateName(job.state))
      .Bind(job.priority)
      .Bind(job.options)
      .Bind(job.transcript_key)
      .Bind(job.idempotency_key)
      .Bind(job.request_digest)
      .Bind(job.is_ephemeral)
      .Bind(job.created_ms)
      .Bind(job.started_ms)
      .Bind(job.finished_ms)
      .Bind(job.attempt)
      .Bind(job.crashes)
      .Bind(job.owner)
      .Bind(job.lease_until_ms)
      .Bind(job.is_cancel_requested)
      .Bind(job.duration_ms)
      .Bind(job.position_ms)
      .Bind(job.share)
      .Bind(job.windows_done)
      .Bind(job.language)
      .Bind(job.error_code)
      .Bind(job.error_message)
      .Bind(job.reused_from)
      .Bind(job.title)
      .Bind(JoinTags(job.tags))
      .Bind(job.plan);
}

Job ReadJob(Statement& row) {
  Job job;
  job.id = row.Text();
  job.upload = row.Text();
  job.state = ParseJobState(row.Text()).value_or(JobState::kFailed);  // the table allows no other
  job.priority = row.NarrowInteger();
  job.options = row.Text();
  job.transcript_key = row.Text();
  job.idempotency_key = row.Text();
  job.request_digest = row.Text();
  job.is_ephemeral = row.Boolean();
  job.created_ms = row.Integer();
  job.started_ms = row.Integer();
  job.finished_ms = row.Integer();
  job.attempt = row.NarrowInteger();
  job.crashes = row.NarrowInteger();
  job.owner = row.Text();
  job.lease_until_ms = row.Integer();
  job.is_cancel_requested = row.Boolean();
  job.duration_ms = row.Integer();
  job.position_ms = row.Integer();
  job.share = row.Real();
  job.windows_done = row.Integer();
  job.language = row.Text();
  job.error_code = row.Text();
  job.error_message = row.Text();
  job.reused_from = row.Text();
  job.title = row.Text();
  job.tags = SplitTags(row.Text());
  job.plan = row.Text();
  return job;
}

Result<std::optional<Job>> ReadOne(Statement& rows) {
  if (!TRY(rows.Step())) return std::nullopt;
  return ReadJob(rows);
}

Result<std::vector<Job>> ReadAll(Statement& rows) {
  std::vector<Job> jobs;
  while (TRY(rows.Step())) jobs.push_back(ReadJob(rows));
  return jobs;
}

Failure NoJob(const std::string& id) { return Fail(ErrorCode::kNotFound, "there is no job " + id); }

// Which rule a job that can't be inserted breaks.
Failure ExplainConflict(Connection& connection, const Job& job, Error error) {
  if (error.code != ErrorCode::kConflict) return Failure(std::move(error));
  if (TRY(FindJob(connection, job.id))) {
    return Fail(ErrorCode::kConflict, "there is a job " + job.id + " already");
  }
  if (!job.idempotency_key.empty() && TRY(FindJobByKey(connection, job.idempotency_key))) {
    return Fail(ErrorCode::kConflict, "another job was made with the same idempotency key");
  }
  return Fail(ErrorCode::kNotFound, "there is no upload " + job.upload);
}

}  // namespace

std::string_view JobStateName(JobState state) { return kStateNames[static_cast<size_t>(state)]; }

std::optional<JobState> ParseJobState(std::string_view name) {
  for (size_t i = 0; i < kStateNames.size(); ++i) {
    if (kStateNames[i] == name) return static_cast<JobState>(i);
  }
  return std::nullopt;
}

bool IsFinal(JobState state) { return state != JobState::kQueued && state != JobState::kRunning; }

Result<void> InsertJob(Connection& connection, const Job& job) {
  static const std::string sql = "INSERT INTO jobs (id, " + std::string(kFields) + ") VALUES (?, " +
                                 std::string(kFieldMarks) + ")";
  Statement insert = TRY(connection.Prepare(sql));
  insert.Bind(job.id);
  BindFields(insert, job);
  Result<int64_t> done = insert.Run();
  if (!done) return ExplainConflict(connection, job, std::move(done).error());
  return {};
}

Result<std::optional<Job>> FindJob(Connection& connection, const std::string& id) {
  static const std::string sql = Select("WHERE id = ?");
  Statement find = TRY(connection.Prepare(sql));
  return ReadOne(find.Bind(id));
}

Result<std::optional<Job>> FindJobByKey(Connection& connection, const std::string& key) {
  static const std::string sql = Select("WHERE idempotency_key = ? AND idempotency_key <> ''");
  Statement find = TRY(connection.Prepare(sql));
  return ReadOne(find.Bind(key));
}

Result<std::optional<Job>> FindReusableJob(Connection& connection, const std::string& sha256,
                                           const std::string& transcript_key) {
  static const std::string sql = Select(
      "INDEXED BY jobs_by_upload WHERE upload IN (SELECT id FROM uploads WHERE sha256 = ? AND "
      "sha256 <> '') "
      "AND transcript_key = ? AND state = 'completed' AND is_ephemeral = 0 "
      "AND EXISTS (SELECT 1 FROM transcripts WHERE job = jobs.id) "
      "ORDER BY number DESC LIMIT 1");
  Statement find = TRY(connection.Prepare(sql));
  return ReadOne(find.Bind(sha256).Bind(transcript_key));
}

Result<void> UpdateJob(Connection& connection, const Job& job) {
  static const std::string sql = Update("WHERE id = ?");
  Statement update = TRY(connection.Prepare(sql));
  BindFields(update, job);
  if (TRY(update.Bind(job.id).Run()) == 0) return NoJob(job.id);
  return {};
}

Result<void> UpdateRunningJob(Connection& connection, const Job& job) {
  static const std::string sql = Update("WHERE id = ? AND state = 'running' AND attempt = ?");
  Statement update = TRY(connection.Prepare(sql));
  BindFields(update, job);
  if (TRY(update.Bind(job.id).Bind(job.attempt).Run()) == 0) {
    return Fail(ErrorCode::kConflict, "the job " + job.id + " is no longer run by attempt " +
                                          std::to_string(job.attempt));
  }
  return {};
}

Result<void> DeleteJob(Connection& connection, const std::string& id) {
  TRY_VOID(RemoveSegments(connection, id));
  TRY_VOID(ForgetSegments(connection, id));
  Statement remove = TRY(connection.Prepare("DELETE FROM jobs WHERE id = ?"));
  if (TRY(remove.Bind(id).Run()) == 0) return NoJob(id);
  return {};
}

Result<std::vector<Job>> ListJobs(Connection& connection, const JobQuery& query) {
  int64_t before = INT64_MAX;
  if (!query.before.empty()) {
    Statement find = TRY(connection.Prepare("SELECT number FROM jobs WHERE id = ?"));
    if (!TRY(find.Bind(query.before).Step())) return NoJob(query.before);
    before = find.Integer();
  }
  std::string conditions = "WHERE number < ? AND is_ephemeral = 0";
  if (query.state) conditions += " AND state = ?";
  if (!query.text.empty()) {
    conditions +=
        " AND (instr(lower(title), lower(?)) > 0 OR EXISTS (SELECT 1 FROM uploads "
        "WHERE uploads.id = jobs.upload AND instr(lower(filename), lower(?)) > 0))";
  }
  if (!query.tag.empty()) conditions += " AND instr(',' || tags || ',', ',' || ? || ',') > 0";
  Statement find = TRY(connection.Prepare(Select(conditions + " ORDER BY number DESC LIMIT ?")));
  find.Bind(before);
  if (query.state) find.Bind(JobStateName(*query.state));
  if (!query.text.empty()) find.Bind(query.text).Bind(query.text);
  if (!query.tag.empty()) find.Bind(query.tag);
  find.Bind(AsLimit(query.count));
  return ReadAll(find);
}

Result<std::vector<Job>> QueuedJobs(Connection& connection, size_t count) {
  static const std::string sql = Select(
      "INDEXED BY jobs_queued WHERE state = 'queued' ORDER BY priority DESC, number LIMIT ?");
  Statement find = TRY(connection.Prepare(sql));
  return ReadAll(find.Bind(AsLimit(count)));
}

Result<int64_t> OldestQueuedJob(Connection& connection) {
  Statement find = TRY(connection.Prepare(
      "SELECT created_ms FROM jobs INDEXED BY jobs_by_state WHERE state = 'queued' "
      "ORDER BY number LIMIT 1"));
  return TRY(find.Step()) ? find.Integer() : 0;
}

Result<std::vector<Job>> RunningJobs(Connection& connection) {
  static const std::string sql = Select("WHERE state = 'running' ORDER BY number");
  Statement find = TRY(connection.Prepare(sql));
  return ReadAll(find);
}

Result<int64_t> CountJobsOf(Connection& connection, const std::string& upload) {
  Statement count = TRY(connection.Prepare("SELECT count(*) FROM jobs WHERE upload = ?"));
  if (!TRY(count.Bind(upload).Step())) return 0;
  return count.Integer();
}

Result<std::vector<Job>> EndedJobs(Connection& connection, int64_t ended_ms, size_t count) {
  static const std::string sql = Select(
      "WHERE finished_ms > 0 AND finished_ms <= ? AND is_ephemeral = 0 ORDER BY finished_ms LIMIT "
      "?");
  Statement find = TRY(connection.Prepare(sql));
  find.Bind(ended_ms).Bind(AsLimit(count));
  return ReadAll(find);
}

Result<std::vector<std::string>> JobsOf(Connection& connection, const std::string& upload) {
  Statement find = TRY(connection.Prepare("SELECT id FROM jobs WHERE upload = ? ORDER BY number"));
  find.Bind(upload);
  std::vector<std::string> ids;
  while (TRY(find.Step())) ids.push_back(find.Text());
  return ids;
}

Result<uint64_t> KeptBytes(Connection& connection) {
  Statement sum = TRY(connection.Prepare(
      "SELECT (SELECT coalesce(sum(bytes), 0) FROM transcripts INDEXED BY transcripts_by_bytes) + "
      "(SELECT coalesce(sum(offset), 0) FROM uploads WHERE released_ms = 0 AND EXISTS "
      "(SELECT 1 FROM jobs WHERE upload = uploads.id AND finished_ms > 0))"));
  if (!TRY(sum.Step())) return uint64_t{0};
  return static_cast<uint64_t>(sum.Integer());
}

Result<std::vector<Job>> EphemeralJobs(Connection& connection) {
  static const std::string kSql = Select("WHERE is_ephemeral = 1 ORDER BY number");
  Statement find = TRY(connection.Prepare(kSql));
  return ReadAll(find);
}

Result<std::vector<TagCount>> CountTags(Connection& connection) {
  Statement count =
      TRY(connection.Prepare("SELECT tags, count(*) FROM jobs WHERE tags <> '' GROUP BY tags"));
  std::map<std::string, int64_t> counts;
  while (TRY(count.Step())) {
    const std::vector<std::string> tags = SplitTags(count.Text());
    const int64_t jobs = count.Integer();
    for (const std::string& tag : tags) counts[tag] += jobs;
  }
  std::vector<TagCount> result;
  for (const auto& [tag, jobs] : counts) result.push_back({tag, jobs});
  return result;
}

Result<int64_t> CountJobs(Connection& connection, JobState state) {
  Statement count = TRY(connection.Prepare("SELECT count(*) FROM jobs WHERE state = ?"));
  if (!TRY(count.Bind(JobStateName(state)).Step())) return 0;
  return count.Integer();
}

Result<void> InsertWindow(Connection& connection, const std::string& job, int attempt,
                          const StoredWindow& window) {
  Statement insert = TRY(connection.Prepare(
      "INSERT INTO windows (job, number, result) "
      "SELECT id, ?, ? FROM jobs WHERE id = ? AND state = 'running' AND attempt = ?"));
  insert.Bind(window.index).Bind(window.result).Bind(job).Bind(attempt);
  Result<int64_t> count = insert.Run();
  if (!count && count.error().code == ErrorCode::kConflict) {
    return Fail(ErrorCode::kConflict, "window " + std::to_string(window.index) + " of the job " +
                                          job + " is stored already");
  }
  if (!count) return Failure(std::move(count).error());
  if (*count == 0) {
    return Fail(ErrorCode::kConflict,
                "the job " + job + " is no longer run by attempt " + std::to_string(attempt));
  }
  return {};
}

Result<std::vector<StoredWindow>> WindowsOf(Connection& connection, const std::string& job) {
  Statement find =
      TRY(connection.Prepare("SELECT number, result FROM windows WHERE job = ? ORDER BY number"));
  find.Bind(job);
  std::vector<StoredWindow> windows;
  while (TRY(find.Step())) {
    StoredWindow window;
    window.index = find.Integer();
    window.result = find.Text();
    windows.push_back(std::move(window));
  }
  return windows;
}

Result<void> DeleteWindows(Connection& connection, const std::string& job) {
  Statement remove = TRY(connection.Prepare("DELETE FROM windows WHERE job = ?"));
  TRY(remove.Bind(job).Run());
  return {};
}

}  // namespace verbatim::store
