// The tables of segments and of their full text, which search.cc reads.
#include "store/impl/segments.h"

#include "base/sample_time.h"
#include "store/impl/searchable_text.h"

namespace verbatim::store {

namespace {

// Segments of a transcript: from one to before another.
struct Range {
  int64_t begin = 0;
  int64_t end = INT64_MAX;
};

Result<void> Insert(Connection& connection, const std::string& job, int64_t number,
                    const transcript::Segment& segment) {
  const std::string text = SearchableText(segment.text);
  Statement insert = TRY(connection.Prepare(
      "INSERT INTO segments (job, number, begin_ms, end_ms, text) VALUES (?, ?, ?, ?, ?)"));
  insert.Bind(job)
      .Bind(number)
      .Bind(ToMilliseconds(segment.begin))
      .Bind(ToMilliseconds(segment.end))
      .Bind(text);
  TRY(insert.Run());
  Statement index =
      TRY(connection.Prepare("INSERT INTO segments_text (rowid, text) VALUES (?, ?)"));
  TRY(index.Bind(connection.inserted_id()).Bind(text).Run());
  return {};
}

Result<void> Remove(Connection& connection, const std::string& job, const Range& range) {
  Statement unindex = TRY(connection.Prepare(
      "INSERT INTO segments_text (segments_text, rowid, text) "
      "SELECT 'delete', id, text FROM segments WHERE job = ? AND number >= ? AND number < ?"));
  TRY(unindex.Bind(job).Bind(range.begin).Bind(range.end).Run());
  Statement remove =
      TRY(connection.Prepare("DELETE FROM segments WHERE job = ? AND number >= ? AND number < ?"));
  TRY(remove.Bind(job).Bind(range.begin).Bind(range.end).Run());
  return {};
}

// Numbers of one job are unique at every step, so they go by way of numbers below zero.
Result<void> SetAside(Connection& connection, const std::string& job, const Range& range,
                      int64_t moved) {
  Statement move = TRY(connection.Prepare(
      "UPDATE segments SET number = -1 - (number + ?) WHERE job = ? AND number >= ? AND "
      "number < ?"));
  TRY(move.Bind(moved).Bind(job).Bind(range.begin).Bind(range.end).Run());
  return {};
}

Result<void> TakeBack(Connection& connection, const std::string& job) {
  Statement move = TRY(
      connection.Prepare("UPDATE segments SET number = -1 - number WHERE job = ? AND number < 0"));
  TRY(move.Bind(job).Run());
  return {};
}

}  // namespace

Result<void> InsertSegments(Connection& connection, const std::string& job,
                            const std::vector<transcript::Segment>& segments) {
  for (size_t i = 0; i < segments.size(); ++i) {
    TRY_VOID(Insert(connection, job, static_cast<int64_t>(i), segments[i]));
  }
  return {};
}

Result<void> RemoveSegments(Connection& connection, const std::string& job) {
  return Remove(connection, job, {});
}

Result<void> ReindexSegments(Connection& connection, const std::string& job,
                             const transcript::Changes& changes) {
  for (const transcript::Change& change : changes) {
    const auto first = static_cast<int64_t>(change.first);
    TRY_VOID(Remove(connection, job, {first, first + static_cast<int64_t>(change.count)}));
  }
  int64_t moved = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    const transcript::Change& change = changes[i];
    moved += static_cast<int64_t>(change.segments.size()) - static_cast<int64_t>(change.count);
    Range kept{static_cast<int64_t>(change.first + change.count), INT64_MAX};
    if (i + 1 < changes.size()) kept.end = static_cast<int64_t>(changes[i + 1].first);
    if (moved != 0) TRY_VOID(SetAside(connection, job, kept, moved));
  }
  TRY_VOID(TakeBack(connection, job));
  moved = 0;
  for (const transcript::Change& change : changes) {
    int64_t number = static_cast<int64_t>(change.first) + moved;
    for (const transcript::Segment& segment : change.segments) {
      TRY_VOID(Insert(connection, job, number++, segment));
    }
    moved += static_cast<int64_t>(change.segments.size()) - static_cast<int64_t>(change.count);
  }
  return {};
}

}  // namespace verbatim::store
