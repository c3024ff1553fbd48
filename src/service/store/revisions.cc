#include "store/revisions.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "store/impl/connection.h"
#include "store/impl/segments.h"
#include "store/transcripts.h"
#include "transcript/segment_json.h"
#include "transcript/writers.h"

namespace verbatim::store {
namespace {

using transcript::Change;
using transcript::Changes;
using transcript::Segment;

constexpr size_t kPartSize = 64;  // segments
constexpr size_t kPartSizeMax = 4 * kPartSize;
constexpr int64_t kPartDistance = 1 << 20;  // between the numbers of new parts

Failure Unreadable(const std::string& job, const Error& error) {
  return Fail(ErrorCode::kCorruptDatabase,
              "the stored transcript of job " + job + ": " + error.message);
}

int64_t SegmentsChanged(const Changes& changes) {
  size_t changed = 0;
  for (const Change& change : changes) changed += std::max(change.count, change.segments.size());
  return static_cast<int64_t>(changed);
}

// The document of the newest revision: the stored one with the segments of the parts.
Result<std::string> NewestJson(Connection& connection, const std::string& job,
                               const std::string& json) {
  Statement find =
      TRY(connection.Prepare("SELECT json FROM transcript_parts WHERE job = ? ORDER BY number"));
  find.Bind(job);
  std::vector<std::string> lists;
  while (TRY(find.Step())) lists.push_back(find.Text());
  if (lists.empty()) return json;
  Result<transcript::DocumentCut> cut = transcript::CutDocument(json);
  if (!cut) return Unreadable(job, cut.error());
  std::string newest(cut->before);
  newest += transcript::JoinLists(lists);
  newest += cut->after;
  return newest;
}

// The undos of the revisions above `number`, the newest first. None: they do not reach so far.
Result<std::optional<std::vector<std::string>>> UndosTo(Connection& connection,
                                                        const std::string& job, int64_t number) {
  Statement find = TRY(connection.Prepare(
      "SELECT number, undo FROM revisions WHERE job = ? AND number > ? ORDER BY number DESC"));
  find.Bind(job).Bind(number);
  std::vector<std::string> undos;
  int64_t reached = number;
  while (TRY(find.Step())) {
    reached = find.Integer() - 1;
    undos.push_back(find.Text());
  }
  if (reached != number) return std::nullopt;
  return undos;
}

}  // namespace

Result<std::optional<int64_t>> NewestRevision(Connection& connection, const std::string& job) {
  Statement find = TRY(connection.Prepare(
      "SELECT (SELECT ifnull(max(number), 0) FROM revisions WHERE job = transcripts.job) "
      "FROM transcripts WHERE job = ?"));
  if (!TRY(find.Bind(job).Step())) return std::nullopt;
  return find.Integer();
}

Result<std::vector<Revision>> Revisions(Connection& connection, const std::string& job,
                                        int64_t before, size_t count) {
  Statement find =
      TRY(connection.Prepare("SELECT number, time_ms, summary, segments_changed FROM revisions "
                             "WHERE job = ? AND number < ? ORDER BY number DESC LIMIT ?"));
  find.Bind(job).Bind(before).Bind(AsLimit(count));
  std::vector<Revision> revisions;
  while (TRY(find.Step())) {
    Revision revision;
    revision.number = find.Integer();
    revision.time_ms = find.Integer();
    revision.summary = find.Text();
    revision.segments_changed = find.Integer();
    revisions.push_back(std::move(revision));
  }
  return revisions;
}

Result<std::optional<StoredRevision>> FindRevision(Connection& connection, const std::string& job,
                                                   std::optional<int64_t> number) {
  const std::optional<int64_t> newest = TRY(NewestRevision(connection, job));
  if (!newest || number.value_or(0) > *newest) return std::nullopt;
  StoredRevision stored;
  stored.number = number.value_or(*newest);
  stored.json = TRY(FindTranscript(connection, job)).value_or("");
  if (stored.number == 0) return stored;
  stored.json = TRY(NewestJson(connection, job, stored.json));
  if (stored.number == *newest) return stored;
  std::optional<std::vector<std::string>> undos = TRY(UndosTo(connection, job, stored.number));
  if (!undos) return std::nullopt;
  stored.undos = *std::move(undos);
  return stored;
}

Result<transcript::Transcript> ReadRevision(const StoredRevision& stored) {
  Result<transcript::Transcript> read = transcript::ReadJson(stored.json);
  if (!read) {
    return Fail(ErrorCode::kCorruptDatabase, "a stored transcript: " + read.error().message);
  }
  for (const std::string& undo : stored.undos) {
    Result<Changes> changes = transcript::ReadChanges(undo);
    Result<void> fits = {};
    if (!changes) fits = Failure(changes.error());
    if (changes) fits = transcript::CheckChanges(*changes, read->segments.size());
    if (!fits) {
      return Fail(ErrorCode::kCorruptDatabase, "a stored revision: " + fits.error().message);
    }
    transcript::Apply(*std::move(changes), read->segments);
  }
  return read;
}

Result<EditedTranscript> EditedTranscript::Open(Connection& connection, const std::string& job) {
  EditedTranscript edited(connection, job);
  const std::optional<int64_t> newest = TRY(NewestRevision(connection, job));
  if (!newest) return Fail(ErrorCode::kNotFound, "the job " + job + " has no transcript");
  edited.revision_ = *newest;
  Statement find =
      TRY(connection.Prepare("SELECT is_ephemeral, duration_ms FROM jobs WHERE id = ?"));
  if (!TRY(find.Bind(job).Step())) return Fail(ErrorCode::kNotFound, "there is no job " + job);
  if (find.Boolean()) {
    return Fail(ErrorCode::kConflict, "a transcript that is not kept cannot be changed");
  }
  edited.duration_ = std::chrono::milliseconds(find.Integer());
  TRY_VOID(edited.ReadParts());
  if (edited.parts_.empty()) TRY_VOID(edited.MakeParts());
  return edited;
}

Result<void> EditedTranscript::ReadParts() {
  Statement find = TRY(connection_->Prepare(
      "SELECT number, count FROM transcript_parts WHERE job = ? ORDER BY number"));
  find.Bind(job_);
  while (TRY(find.Step())) {
    Part& part = parts_.emplace_back();
    part.number = find.Integer();
    part.count = static_cast<size_t>(find.Integer());
  }
  return {};
}

// Of the stored document, whose text is cut and not parsed, as that takes a second with 10 hours.
Result<void> EditedTranscript::MakeParts() {
  const std::string json = TRY(FindTranscript(*connection_, job_)).value_or("");
  const Result<transcript::DocumentCut> cut = transcript::CutDocument(json);
  if (!cut) return Unreadable(job_, cut.error());
  std::span<const std::string_view> items = cut->segments;
  do {
    const size_t count = std::min(items.size(), kPartSize);
    Part& part = parts_.emplace_back();
    part.number = static_cast<int64_t>(parts_.size()) * kPartDistance;
    part.count = count;
    Statement insert = TRY(connection_->Prepare(
        "INSERT INTO transcript_parts (job, number, count, json) VALUES (?, ?, ?, ?)"));
    insert.Bind(job_).Bind(part.number).Bind(static_cast<int64_t>(count));
    TRY(insert.Bind(transcript::JoinItems(items.first(count))).Run());
    items = items.subspan(count);
  } while (!items.empty());
  return {};
}

Result<void> EditedTranscript::Read(Part& part) {
  if (part.is_read) return {};
  Statement find =
      TRY(connection_->Prepare("SELECT json FROM transcript_parts WHERE job = ? AND number = ?"));
  find.Bind(job_).Bind(part.number);
  const std::string json = TRY(find.Step()) ? find.Text() : "";
  Result<std::vector<Segment>> segments = transcript::ReadSegments(json);
  if (!segments) return Unreadable(job_, segments.error());
  part.segments = *std::move(segments);
  if (part.segments.size() != part.count) {
    return Fail(ErrorCode::kCorruptDatabase, "the stored transcript of job " + job_ + " is torn");
  }
  part.is_read = true;
  return {};
}

size_t EditedTranscript::segment_count() const {
  size_t count = 0;
  for (const Part& part : parts_) count += part.count;
  return count;
}

// Of the segment after the last: the end of the last part.
EditedTranscript::Place EditedTranscript::PlaceOf(size_t segment) const {
  Place place{0, segment};
  while (place.index >= parts_[place.part].count && place.part + 1 < parts_.size()) {
    place.index -= parts_[place.part++].count;
  }
  return place;
}

Result<std::vector<Segment>> EditedTranscript::Segments(size_t first, size_t count) {
  std::vector<Segment> segments;
  for (Place place = PlaceOf(first); segments.size() < count; place = {place.part + 1, 0}) {
    CHECK(place.part < parts_.size());
    Part& part = parts_[place.part];
    TRY_VOID(Read(part));
    const size_t end = std::min(part.count, place.index + count - segments.size());
    for (size_t i = place.index; i < end; ++i) segments.push_back(part.segments[i]);
  }
  return segments;
}

// Returns the segments replaced. The new ones all stand in the part where the first stood.
Result<std::vector<Segment>> EditedTranscript::Replace(const Change& change) {
  std::vector<Segment> replaced;
  const Place first = PlaceOf(change.first);
  for (Place place = first; replaced.size() < change.count; place = {place.part + 1, 0}) {
    Part& part = parts_[place.part];
    TRY_VOID(Read(part));
    const size_t count = std::min(part.count - place.index, change.count - replaced.size());
    const auto begin = part.segments.begin() + static_cast<std::ptrdiff_t>(place.index);
    const auto end = begin + static_cast<std::ptrdiff_t>(count);
    std::move(begin, end, std::back_inserter(replaced));
    part.segments.erase(begin, end);
    part.count = part.segments.size();
    part.is_changed = true;
  }
  Part& part = parts_[first.part];
  TRY_VOID(Read(part));
  part.segments.insert(part.segments.begin() + static_cast<std::ptrdiff_t>(first.index),
                       change.segments.begin(), change.segments.end());
  part.count = part.segments.size();
  part.is_changed = true;
  return replaced;
}

// A part that has grown too large becomes several, with numbers from the gap behind it. Should that
// be used up, it stays large.
void EditedTranscript::Divide() {
  std::vector<Part> parts;
  for (size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    const size_t pieces = (part.count + kPartSize - 1) / kPartSize;
    const int64_t gap = i + 1 < parts_.size() ? parts_[i + 1].number - part.number : kPartDistance;
    const int64_t step = pieces == 0 ? 0 : gap / static_cast<int64_t>(pieces);
    if (part.count <= kPartSizeMax || step == 0) {
      parts.push_back(std::move(part));
      continue;
    }
    for (size_t piece = 0; piece < pieces; ++piece) {
      Part next;
      next.number = part.number + static_cast<int64_t>(piece) * step;
      const size_t begin = piece * kPartSize;
      next.count = std::min(kPartSize, part.count - begin);
      next.is_read = true;
      next.is_changed = true;
      const auto first = part.segments.begin() + static_cast<std::ptrdiff_t>(begin);
      std::move(first, first + static_cast<std::ptrdiff_t>(next.count),
                std::back_inserter(next.segments));
      parts.push_back(std::move(next));
    }
  }
  parts_ = std::move(parts);
}

Result<void> EditedTranscript::WriteParts() {
  for (Part& part : parts_) {
    if (!part.is_changed) continue;
    TRY_VOID(Write(part));
    part.is_changed = false;
  }
  return {};
}

Result<void> EditedTranscript::Write(const Part& part) {
  Statement put = TRY(connection_->Prepare(
      "INSERT INTO transcript_parts (job, number, count, json) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (job, number) DO UPDATE SET count = excluded.count, json = excluded.json"));
  put.Bind(job_).Bind(part.number).Bind(static_cast<int64_t>(part.count));
  TRY(put.Bind(transcript::RenderSegments(part.segments, duration_)).Run());
  return {};
}

Result<int64_t> EditedTranscript::AddRevision(Changes changes, Revision revision) {
  CHECK(transcript::CheckChanges(changes, segment_count()).has_value());
  TRY_VOID(ReindexSegments(*connection_, job_, changes));
  revision.segments_changed = SegmentsChanged(changes);
  // From the last to the first, so that indices before a change stay what they are.
  Changes undo(changes.size());
  for (size_t i = changes.size(); i-- > 0;) {
    undo[i].count = changes[i].segments.size();
    undo[i].segments = TRY(Replace(changes[i]));
  }
  size_t removed = 0;
  size_t added = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    undo[i].first = changes[i].first + added - removed;
    removed += changes[i].count;
    added += changes[i].segments.size();
  }
  Divide();
  TRY_VOID(WriteParts());
  revision.number = ++revision_;
  TRY_VOID(Log(revision, transcript::RenderChanges(undo, duration_)));
  return revision_;
}

Result<void> EditedTranscript::Log(const Revision& revision, const std::string& undo) {
  Statement insert = TRY(connection_->Prepare(
      "INSERT INTO revisions (job, number, time_ms, summary, segments_changed, undo) "
      "VALUES (?, ?, ?, ?, ?, ?)"));
  insert.Bind(job_).Bind(revision.number).Bind(revision.time_ms).Bind(revision.summary);
  TRY(insert.Bind(revision.segments_changed).Bind(undo).Run());
  Statement trim = TRY(connection_->Prepare("DELETE FROM revisions WHERE job = ? AND number <= ?"));
  TRY(trim.Bind(job_).Bind(revision.number - kRevisionsKept).Run());
  return {};
}

}  // namespace verbatim::store
