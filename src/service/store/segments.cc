// The tables of segments and of their full text, which search.cc reads.
#include "store/impl/segments.h"

#include <algorithm>

#include "base/sample_time.h"
#include "store/impl/searchable_text.h"

namespace verbatim::store {

namespace {

// Between the numbers of two segments, so that others find room there.
constexpr int64_t kDistance = 1 << 20;

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

struct NumberRange {
  int64_t first = INT64_MIN;
  int64_t last = INT64_MAX;  // in it
};

Result<void> Remove(Connection& connection, const std::string& job, const NumberRange& range) {
  Statement unindex = TRY(connection.Prepare(
      "INSERT INTO segments_text (segments_text, rowid, text) "
      "SELECT 'delete', id, text FROM segments WHERE job = ? AND number BETWEEN ? AND ?"));
  TRY(unindex.Bind(job).Bind(range.first).Bind(range.last).Run());
  Statement remove =
      TRY(connection.Prepare("DELETE FROM segments WHERE job = ? AND number BETWEEN ? AND ?"));
  TRY(remove.Bind(job).Bind(range.first).Bind(range.last).Run());
  return {};
}

// In the order of the transcript.
Result<std::vector<int64_t>> NumbersOf(Connection& connection, const std::string& job) {
  Statement find =
      TRY(connection.Prepare("SELECT number FROM segments WHERE job = ? ORDER BY number"));
  find.Bind(job);
  std::vector<int64_t> numbers;
  while (TRY(find.Step())) numbers.push_back(find.Integer());
  return numbers;
}

// Gives all segments room again. Numbers of one job are unique at every step, so they go by way of
// numbers below zero.
Result<void> Spread(Connection& connection, const std::string& job, std::vector<int64_t>& numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    const int64_t spread = static_cast<int64_t>(i + 1) * kDistance;
    Statement set_aside =
        TRY(connection.Prepare("UPDATE segments SET number = ? WHERE job = ? AND number = ?"));
    TRY(set_aside.Bind(-spread).Bind(job).Bind(numbers[i]).Run());
    numbers[i] = spread;
  }
  Statement take_back =
      TRY(connection.Prepare("UPDATE segments SET number = -number WHERE job = ? AND number < 0"));
  TRY(take_back.Bind(job).Run());
  return {};
}

// Changes that touch each other, as one.
struct Replacement {
  size_t first = 0;
  size_t count = 0;
  std::vector<const transcript::Segment*> segments;
};

std::vector<Replacement> Join(const transcript::Changes& changes) {
  std::vector<Replacement> joined;
  for (const transcript::Change& change : changes) {
    if (joined.empty() || joined.back().first + joined.back().count != change.first) {
      joined.push_back({change.first, 0, {}});
    }
    Replacement& last = joined.back();
    last.count += change.count;
    for (const transcript::Segment& segment : change.segments) last.segments.push_back(&segment);
  }
  return joined;
}

// The numbers that new segments get: those of the segments replaced, or such between their
// neighbours'.
struct Numbering {
  int64_t before = 0;
  int64_t step = 0;  // below 1: there is no room

  int64_t At(size_t index) const { return before + step * static_cast<int64_t>(index + 1); }
};

Numbering NumberingOf(const Replacement& change, const std::vector<int64_t>& numbers) {
  Numbering numbering;
  if (change.first > 0) numbering.before = numbers[change.first - 1];
  const size_t end = change.first + change.count;
  numbering.step = kDistance;
  if (end < numbers.size()) {
    numbering.step =
        (numbers[end] - numbering.before) / static_cast<int64_t>(change.segments.size() + 1);
  }
  return numbering;
}

bool HasRoom(const std::vector<Replacement>& changes, const std::vector<int64_t>& numbers) {
  return std::ranges::all_of(changes, [&numbers](const Replacement& change) {
    return change.segments.size() <= change.count || NumberingOf(change, numbers).step >= 1;
  });
}

Result<void> Replace(Connection& connection, const std::string& job, const Replacement& change,
                     const std::vector<int64_t>& numbers) {
  if (change.count > 0) {
    const size_t last = change.first + change.count - 1;
    TRY_VOID(Remove(connection, job, {numbers[change.first], numbers[last]}));
  }
  const bool fits = change.segments.size() <= change.count;
  const Numbering numbering = NumberingOf(change, numbers);
  for (size_t i = 0; i < change.segments.size(); ++i) {
    const int64_t number = fits ? numbers[change.first + i] : numbering.At(i);
    TRY_VOID(Insert(connection, job, number, *change.segments[i]));
  }
  return {};
}

}  // namespace

Result<void> InsertSegments(Connection& connection, const std::string& job,
                            const std::vector<transcript::Segment>& segments) {
  const Numbering numbering{0, kDistance};
  for (size_t i = 0; i < segments.size(); ++i) {
    TRY_VOID(Insert(connection, job, numbering.At(i), segments[i]));
  }
  return {};
}

Result<void> RemoveSegments(Connection& connection, const std::string& job) {
  return Remove(connection, job, {});
}

Result<void> ReindexSegments(Connection& connection, const std::string& job,
                             const transcript::Changes& changes) {
  const std::vector<Replacement> joined = Join(changes);
  std::vector<int64_t> numbers = TRY(NumbersOf(connection, job));
  if (!HasRoom(joined, numbers)) TRY_VOID(Spread(connection, job, numbers));
  for (const Replacement& change : joined) {
    TRY_VOID(Replace(connection, job, change, numbers));
  }
  return {};
}

}  // namespace verbatim::store
