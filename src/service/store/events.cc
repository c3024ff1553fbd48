#include "store/events.h"

#include <utility>

#include "store/impl/connection.h"

namespace verbatim::store {
namespace {

Event ReadEvent(Statement& row) {
  Event event;
  event.id = row.Integer();
  event.time_ms = row.Integer();
  event.type = row.Text();
  event.job = row.Text();
  event.data = row.Text();
  return event;
}

}  // namespace

Result<int64_t> AppendEvent(Connection& connection, Event event) {
  Statement insert =
      TRY(connection.Prepare("INSERT INTO events (time_ms, type, job, data) VALUES (?, ?, ?, ?)"));
  insert.Bind(event.time_ms).Bind(event.type).Bind(event.job).Bind(event.data);
  TRY(insert.Run());
  event.id = connection.inserted_id();
  const int64_t id = event.id;
  connection.appended().push_back(std::move(event));
  return id;
}

Result<std::vector<Event>> EventsAfter(Connection& connection, int64_t after, size_t count,
                                       const std::string& job) {
  Statement find = TRY(connection.Prepare(
      job.empty() ? "SELECT id, time_ms, type, job, data FROM events "
                    "WHERE id > ? ORDER BY id LIMIT ?"
                  : "SELECT id, time_ms, type, job, data FROM events "
                    "WHERE id > ? AND job = ? AND job <> '' ORDER BY id LIMIT ?"));
  find.Bind(after);
  if (!job.empty()) find.Bind(job);
  find.Bind(AsLimit(count));
  std::vector<Event> events;
  while (TRY(find.Step())) events.push_back(ReadEvent(find));
  return events;
}

Result<EventRange> EventsKept(Connection& connection) {
  // The newest is remembered beside the table, so it outlives trimming to nothing.
  Statement find =
      TRY(connection.Prepare("SELECT ifnull((SELECT min(id) FROM events), 0), "
                             "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"));
  EventRange range;
  if (TRY(find.Step())) {
    range.oldest = find.Integer();
    range.newest = find.Integer();
  }
  return range;
}

Result<void> ForgetSegments(Connection& connection, const std::string& job) {
  Statement forget =
      TRY(connection.Prepare("UPDATE events SET type = 'removed', data = json_object('job', job) "
                             "WHERE job = ? AND type = 'segment'"));
  TRY(forget.Bind(job).Run());
  return {};
}

Result<void> TrimEvents(Connection& connection, size_t count) {
  Statement trim =
      TRY(connection.Prepare("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?"));
  trim.Bind(AsLimit(count));
  TRY(trim.Run());
  return {};
}

}  // namespace verbatim::store
