#include "store/transcripts.h"

#include "store/impl/connection.h"
#include "store/impl/segments.h"

namespace verbatim::store {
Result<void> PutTranscript(Connection& connection, const std::string& job, const std::string& json,
                           const transcript::Transcript& transcript) {
  Statement find = TRY(connection.Prepare("SELECT is_ephemeral FROM jobs WHERE id = ?"));
  if (!TRY(find.Bind(job).Step())) return Fail(ErrorCode::kNotFound, "there is no job " + job);
  const bool is_ephemeral = find.Boolean();

  Statement put =
      TRY(connection.Prepare("INSERT INTO transcripts (job, json, bytes) VALUES (?, ?, ?) "
                             "ON CONFLICT (job) DO UPDATE SET json = excluded.json, "
                             "bytes = excluded.bytes"));
  TRY(put.Bind(job).Bind(json).Bind(static_cast<int64_t>(json.size())).Run());
  for (const char* table : {"revisions", "transcript_parts"}) {
    Statement drop =
        TRY(connection.Prepare("DELETE FROM " + std::string(table) + " WHERE job = ?"));
    TRY(drop.Bind(job).Run());
  }
  TRY_VOID(RemoveSegments(connection, job));
  if (is_ephemeral) return {};
  return InsertSegments(connection, job, transcript.segments);
}

Result<std::optional<std::string>> FindTranscript(Connection& connection, const std::string& job) {
  Statement find = TRY(connection.Prepare("SELECT json FROM transcripts WHERE job = ?"));
  if (!TRY(find.Bind(job).Step())) return std::nullopt;
  return find.Text();
}

}  // namespace verbatim::store
