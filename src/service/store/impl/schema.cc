#include "store/impl/schema.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "store/impl/sqlite_error.h"

namespace verbatim::store {
namespace {

// "VRBT", so that we never touch another program's database.
constexpr std::string_view kApplicationId = "1448231508";

constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE uploads (
  number      INTEGER PRIMARY KEY,  -- in the order of creation
  id          TEXT NOT NULL UNIQUE,
  state       TEXT NOT NULL CHECK (state IN ('receiving', 'complete', 'joined')),
  length      INTEGER,              -- bytes; NULL: to be told later
  offset      INTEGER NOT NULL,     -- bytes on disk
  is_partial  INTEGER NOT NULL,
  parts       TEXT NOT NULL,        -- ids with a space between
  metadata    TEXT NOT NULL,
  filename    TEXT NOT NULL,
  sha256      TEXT NOT NULL,        -- '' until complete
  job_request TEXT NOT NULL,        -- JSON, or ''
  created_ms  INTEGER NOT NULL,
  expires_ms  INTEGER NOT NULL      -- 0: never
) STRICT;
CREATE INDEX uploads_by_sha256 ON uploads (sha256) WHERE sha256 <> '';
CREATE INDEX uploads_by_expiry ON uploads (expires_ms) WHERE expires_ms > 0;

CREATE TABLE jobs (
  number              INTEGER PRIMARY KEY,  -- in the order of creation
  id                  TEXT NOT NULL UNIQUE,
  upload              TEXT NOT NULL REFERENCES uploads (id),
  state               TEXT NOT NULL CHECK (state IN (
      'queued', 'running', 'completed', 'completed_with_gaps', 'failed', 'cancelled')),
  priority            INTEGER NOT NULL,     -- higher first
  options             TEXT NOT NULL,        -- JSON
  transcript_key      TEXT NOT NULL,        -- the options that change the transcript
  idempotency_key     TEXT NOT NULL,        -- '': none
  request_digest      TEXT NOT NULL,
  is_ephemeral        INTEGER NOT NULL,
  created_ms          INTEGER NOT NULL,
  started_ms          INTEGER NOT NULL,     -- 0: not yet
  finished_ms         INTEGER NOT NULL,     -- 0: not yet
  attempt             INTEGER NOT NULL,
  crashes             INTEGER NOT NULL,
  owner               TEXT NOT NULL,        -- a run of the server, or ''
  lease_until_ms      INTEGER NOT NULL,     -- steady clock
  is_cancel_requested INTEGER NOT NULL,
  duration_ms         INTEGER NOT NULL,
  position_ms         INTEGER NOT NULL,
  share               REAL NOT NULL,        -- 0..1
  windows_done        INTEGER NOT NULL,
  language            TEXT NOT NULL,
  error_code          TEXT NOT NULL,
  error_message       TEXT NOT NULL,
  reused_from         TEXT NOT NULL,        -- id of a job, which may be gone
  plan                TEXT NOT NULL         -- JSON; last, as it may be long
) STRICT;
CREATE INDEX jobs_by_upload ON jobs (upload);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_queued ON jobs (priority DESC, number) WHERE state = 'queued';
CREATE UNIQUE INDEX jobs_by_idempotency_key ON jobs (idempotency_key) WHERE idempotency_key <> '';

CREATE TABLE windows (
  job    TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  result TEXT NOT NULL,  -- JSON
  UNIQUE (job, number)
) STRICT;

CREATE TABLE transcripts (
  job  TEXT NOT NULL UNIQUE REFERENCES jobs (id) ON DELETE CASCADE,
  json TEXT NOT NULL
) STRICT;

-- What is searched: not of ephemeral jobs. The full text beside it is kept in step by
-- store/segments.cc alone, as a schema that is not trusted may not do it in triggers.
CREATE TABLE segments (
  id       INTEGER PRIMARY KEY,
  job      TEXT NOT NULL REFERENCES jobs (id),
  number   INTEGER NOT NULL,  -- within the transcript
  begin_ms INTEGER NOT NULL,
  end_ms   INTEGER NOT NULL,
  text     TEXT NOT NULL,
  UNIQUE (job, number)
) STRICT;
CREATE VIRTUAL TABLE segments_text USING fts5 (
  text, content = 'segments', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');

CREATE TABLE events (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again
  time_ms INTEGER NOT NULL,
  type    TEXT NOT NULL,
  job     TEXT NOT NULL,  -- id, or ''
  data    TEXT NOT NULL   -- JSON
) STRICT;
CREATE INDEX events_by_job ON events (job) WHERE job <> '';
)sql";

constexpr std::string_view kVersion2 = R"sql(
-- How the machine and the service did, and what jobs took: history, no part of any job.
CREATE TABLE samples (
  step_s  INTEGER NOT NULL CHECK (step_s IN (60, 3600)),
  begin_s INTEGER NOT NULL,  -- Unix time
  count   INTEGER NOT NULL,  -- readings in it
  data    TEXT NOT NULL,     -- JSON
  UNIQUE (step_s, begin_s)
) STRICT;

CREATE TABLE job_samples (
  number            INTEGER PRIMARY KEY,  -- in the order of their ends
  job               TEXT NOT NULL,        -- id of a job, which may be gone
  finished_ms       INTEGER NOT NULL,
  model             TEXT NOT NULL,
  ending            TEXT NOT NULL,        -- of the file's name, without the dot
  file_bytes        INTEGER NOT NULL,
  audio_s           REAL NOT NULL,
  workers           INTEGER NOT NULL,
  batch             INTEGER NOT NULL,
  beams             INTEGER NOT NULL,
  is_language_given INTEGER NOT NULL,
  others            INTEGER NOT NULL,     -- jobs that ran when it began
  cores             INTEGER NOT NULL,
  load              REAL NOT NULL,        -- when it began
  waited_s          REAL NOT NULL,
  worked_s          REAL NOT NULL,
  peak_bytes        INTEGER NOT NULL,     -- of the process, while it ran
  assumed_audio_s   REAL NOT NULL,        -- before it began, as all that follows
  predicted_s       REAL NOT NULL,        -- by the regression ...
  predicted_bytes   REAL NOT NULL,
  rule_s            REAL NOT NULL,        -- ... and by the rule
  rule_bytes        REAL NOT NULL
) STRICT;

-- Values that are being tried; what a run of the server leaves here is taken back by the next.
CREATE TABLE tried_settings (
  name   TEXT NOT NULL UNIQUE,
  before TEXT NOT NULL  -- its value before the trial
) STRICT;
)sql";

constexpr std::string_view kVersion3 = R"sql(
CREATE TABLE changed_settings (
  name  TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL          -- as in a file of settings
) STRICT;
CREATE TABLE setting_log (
  id          INTEGER PRIMARY KEY,  -- in the order of the changes
  time_ms     INTEGER NOT NULL,
  name        TEXT NOT NULL,
  before      TEXT NOT NULL,
  after       TEXT NOT NULL,
  was_changed INTEGER NOT NULL,     -- "before" came from a change, too
  reason      TEXT NOT NULL
) STRICT;
)sql";

constexpr std::string_view kVersion4 = R"sql(
ALTER TABLE jobs ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN tags TEXT NOT NULL DEFAULT '';
CREATE INDEX jobs_by_tags ON jobs (tags) WHERE tags <> '';

-- Transcripts that a person changed: what stands in "transcripts" is revision 0 and stays.
CREATE TABLE revisions (
  job              TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  number           INTEGER NOT NULL,  -- 1, 2, 3 ...; the newest is the transcript as it is
  time_ms          INTEGER NOT NULL,
  summary          TEXT NOT NULL,
  segments_changed INTEGER NOT NULL,
  undo             TEXT NOT NULL,     -- JSON: the changes that lead to the revision before
  UNIQUE (job, number)
) STRICT;

-- The segments of the newest revision, some in a row each.
CREATE TABLE transcript_parts (
  job    TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,  -- in the order of the parts, with gaps
  count  INTEGER NOT NULL,  -- of segments
  json   TEXT NOT NULL,     -- a list, as in the transcript
  UNIQUE (job, number)
) STRICT;
)sql";

constexpr std::string_view kVersion5 = R"sql(
-- Who may use the server. Of secrets only the SHA-256 is kept, as hexadecimal digits.
CREATE TABLE tokens (
  number       INTEGER PRIMARY KEY,  -- in the order of creation
  id           TEXT NOT NULL UNIQUE,
  name         TEXT NOT NULL,
  hash         TEXT NOT NULL UNIQUE,
  scope        TEXT NOT NULL CHECK (scope IN ('read', 'upload', 'admin')),
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER NOT NULL,     -- 0: never
  last_used_ms INTEGER NOT NULL      -- to the minute; 0: not yet
) STRICT;
CREATE TABLE sessions (
  hash         TEXT NOT NULL UNIQUE,
  token        TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER NOT NULL,
  last_used_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_token ON sessions (token);
CREATE TABLE audit (
  id      INTEGER PRIMARY KEY,  -- in order
  time_ms INTEGER NOT NULL,
  token   TEXT NOT NULL,        -- id of a token, which may be gone; '': none
  name    TEXT NOT NULL,        -- of the token then
  address TEXT NOT NULL,        -- of the client; '': on the machine itself
  action  TEXT NOT NULL,
  object  TEXT NOT NULL,
  outcome TEXT NOT NULL
) STRICT;
)sql";

constexpr std::string_view kVersion6 = R"sql(
ALTER TABLE uploads ADD COLUMN released_ms INTEGER NOT NULL DEFAULT 0;  -- 0: its file is there
-- What transcripts take, without reading them.
ALTER TABLE transcripts ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE transcripts SET bytes = length(CAST(json AS BLOB));
CREATE INDEX transcripts_by_bytes ON transcripts (job, bytes);
CREATE INDEX jobs_by_end ON jobs (finished_ms) WHERE finished_ms > 0;

CREATE TABLE webhooks (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  job        TEXT NOT NULL,     -- id of a job, which may be gone
  url        TEXT NOT NULL,
  body       TEXT NOT NULL,     -- as it is sent
  created_ms INTEGER NOT NULL,
  due_ms     INTEGER NOT NULL,  -- of the next try
  tries      INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_by_due ON webhooks (due_ms);

CREATE TABLE watched_files (
  path     TEXT NOT NULL UNIQUE,  -- within the folder that is watched
  size     INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  upload   TEXT NOT NULL,         -- id; '': none was made
  is_done  INTEGER NOT NULL       -- its results, or its failure, are written
) STRICT;
)sql";

constexpr std::array kMigrations = {kVersion1, kVersion2, kVersion3,
                                    kVersion4, kVersion5, kVersion6};

// What makes each table and index, by its name.
using Forms = std::map<std::string, std::string>;

Result<Forms> FormsOf(sqlite3* database) {
  Forms forms;
  const auto note = [](void* noted, int, char** values, char**) {
    static_cast<Forms*>(noted)->emplace(values[0], values[1]);
    return 0;
  };
  const int code = sqlite3_exec(database, "SELECT name, coalesce(sql, '') FROM sqlite_schema", note,
                                &forms, nullptr);
  if (code != SQLITE_OK) return Failure(SqliteError(database, code, "reading the schema"));
  return forms;
}

Result<Forms> FormsOfVersion(size_t version) {
  sqlite3* opened = nullptr;
  int code = sqlite3_open(":memory:", &opened);
  const DatabaseHandle made(opened);
  for (const std::string_view sql : std::span(kMigrations).first(version)) {
    if (code != SQLITE_OK) break;
    code = sqlite3_exec(opened, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  }
  if (code != SQLITE_OK) return Failure(SqliteError(opened, code, "making the schema"));
  return FormsOf(opened);
}

Result<void> RunMigration(Connection& connection, std::string_view sql, size_t version) {
  TRY_VOID(connection.Begin());
  Result<void> done =
      connection.Execute(std::string(sql) + ";PRAGMA user_version = " + std::to_string(version) +
                         ";PRAGMA application_id = " + std::string(kApplicationId));
  if (done) return connection.Commit();
  connection.Rollback();
  return Failure(std::move(done).error().WithContext("changing the database to version " +
                                                     std::to_string(version)));
}

}  // namespace

std::span<const std::string_view> Migrations() { return kMigrations; }

Result<size_t> VersionOf(Connection& connection, size_t newest) {
  const Result<std::string> application = connection.Query("PRAGMA application_id");
  if (!application) return Failure(application.error());
  const Result<std::string> table = connection.Query("SELECT name FROM sqlite_schema");
  if (!table) return Failure(table.error());
  const bool is_new = *application == "0" && table->empty();
  if (*application != kApplicationId && !is_new) {
    return Fail(ErrorCode::kConflict, "the file is the database of another program");
  }
  // A file's version comes from outside; -1 and the like are no version of ours either.
  const std::string stored = TRY(connection.Query("PRAGMA user_version"));
  size_t version = 0;
  while (version <= newest && std::to_string(version) != stored) ++version;
  if (version <= newest) return version;
  return Fail(ErrorCode::kConflict, "the database has version " + stored +
                                        ", made by a newer Verbatim; this one knows "
                                        "versions up to " +
                                        std::to_string(newest) +
                                        ": use the newer one, or another data folder");
}

Result<size_t> CheckSchema(Connection& connection) {
  const size_t version = TRY(VersionOf(connection, Migrations().size()));
  const Forms wanted = TRY(FormsOfVersion(version));
  const Forms found = TRY(FormsOf(connection.handle()));
  const auto is_changed = [&](const Forms::value_type& form) {
    const auto at = found.find(form.first);
    return at == found.end() || at->second != form.second;
  };
  const auto changed = std::ranges::find_if(wanted, is_changed);
  if (changed == wanted.end()) return version;
  return Fail(ErrorCode::kCorruptDatabase, "damaged: " + changed->first + " is not as it was made");
}

Result<void> Migrate(Connection& connection, std::span<const std::string_view> migrations) {
  const size_t stored = TRY(VersionOf(connection, migrations.size()));
  for (size_t version = stored; version < migrations.size(); ++version) {
    TRY_VOID(RunMigration(connection, migrations[version], version + 1));
  }
  return {};
}

}  // namespace verbatim::store
