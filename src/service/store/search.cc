// The search over all transcripts (store/transcripts.h).
#include "store/impl/connection.h"
#include "store/impl/search_query.h"
#include "store/impl/searchable_text.h"
#include "store/transcripts.h"

namespace verbatim::store {
namespace {

// CROSS JOIN keeps the full text outermost, so that FTS5 itself sorts by rank and highlights only
// the rows of the page.
constexpr std::string_view kFindAll = R"sql(
SELECT segments.job, uploads.filename, jobs.title,
       (SELECT count(*) FROM segments AS earlier
        WHERE earlier.job = segments.job AND earlier.number < segments.number),
       segments.begin_ms, segments.end_ms, highlight(segments_text, 0, ?, ?)
FROM segments_text
CROSS JOIN segments ON segments.id = segments_text.rowid
CROSS JOIN jobs ON jobs.id = segments.job
CROSS JOIN uploads ON uploads.id = jobs.upload
WHERE segments_text MATCH ?
ORDER BY rank LIMIT ? OFFSET ?)sql";

constexpr std::string_view kFindInJob = R"sql(
SELECT segments.job, uploads.filename, jobs.title,
       (SELECT count(*) FROM segments AS earlier
        WHERE earlier.job = segments.job AND earlier.number < segments.number),
       segments.begin_ms, segments.end_ms, highlight(segments_text, 0, ?, ?)
FROM segments_text
CROSS JOIN segments ON segments.id = segments_text.rowid
CROSS JOIN jobs ON jobs.id = segments.job
CROSS JOIN uploads ON uploads.id = jobs.upload
WHERE segments_text MATCH ? AND segments.job = ?
ORDER BY rank LIMIT ? OFFSET ?)sql";

constexpr std::string_view kCountAll =
    "SELECT count(*) FROM segments_text WHERE segments_text MATCH ?";

constexpr std::string_view kCountInJob = R"sql(
SELECT count(*) FROM segments_text
CROSS JOIN segments ON segments.id = segments_text.rowid
WHERE segments_text MATCH ? AND segments.job = ?)sql";

SearchHit ReadHit(Statement& row) {
  SearchHit hit;
  hit.job = row.Text();
  hit.filename = row.Text();
  hit.title = row.Text();
  hit.segment = row.Integer();
  hit.begin_ms = row.Integer();
  hit.end_ms = row.Integer();
  hit.pieces = SplitMarked(row.Text());
  return hit;
}

}  // namespace

Result<SearchResult> Search(Connection& connection, const SearchQuery& query) {
  SearchResult result;
  const std::string match = FullTextQuery(query.text);
  if (match.empty()) return result;

  Statement count = TRY(connection.Prepare(query.job.empty() ? kCountAll : kCountInJob));
  count.Bind(match);
  if (!query.job.empty()) count.Bind(query.job);
  if (TRY(count.Step())) result.total = count.Integer();

  Statement find = TRY(connection.Prepare(query.job.empty() ? kFindAll : kFindInJob));
  find.Bind(kMarkBegin).Bind(kMarkEnd).Bind(match);
  if (!query.job.empty()) find.Bind(query.job);
  find.Bind(AsLimit(query.count)).Bind(AsLimit(query.offset));
  while (TRY(find.Step())) result.hits.push_back(ReadHit(find));
  return result;
}

}  // namespace verbatim::store
