// The tables of segments and of their full text, which search.cc reads.
#include "store/impl/segments.h"

#include "base/sample_time.h"
#include "store/impl/searchable_text.h"

namespace verbatim::store {

Result<void> InsertSegments(Connection& connection, const std::string& job,
                            const std::vector<transcript::Segment>& segments) {
  for (size_t i = 0; i < segments.size(); ++i) {
    const std::string text = SearchableText(segments[i].text);
    Statement insert = TRY(connection.Prepare(
        "INSERT INTO segments (job, number, begin_ms, end_ms, text) VALUES (?, ?, ?, ?, ?)"));
    insert.Bind(job)
        .Bind(static_cast<int64_t>(i))
        .Bind(ToMilliseconds(segments[i].begin))
        .Bind(ToMilliseconds(segments[i].end))
        .Bind(text);
    TRY(insert.Run());
    Statement index =
        TRY(connection.Prepare("INSERT INTO segments_text (rowid, text) VALUES (?, ?)"));
    TRY(index.Bind(connection.inserted_id()).Bind(text).Run());
  }
  return {};
}

Result<void> RemoveSegments(Connection& connection, const std::string& job) {
  Statement unindex =
      TRY(connection.Prepare("INSERT INTO segments_text (segments_text, rowid, text) "
                             "SELECT 'delete', id, text FROM segments WHERE job = ?"));
  TRY(unindex.Bind(job).Run());
  Statement remove = TRY(connection.Prepare("DELETE FROM segments WHERE job = ?"));
  TRY(remove.Bind(job).Run());
  return {};
}

}  // namespace verbatim::store
