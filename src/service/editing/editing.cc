#include "editing/editing.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "store/events.h"
#include "store/revisions.h"

namespace verbatim::editing {
namespace {

using store::Connection;
using store::EditedTranscript;
using transcript::ChangeDraft;
using transcript::Changes;
using transcript::Segment;

Changes Outlines(const std::vector<ChangeDraft>& drafts) {
  Changes outlines;
  for (const ChangeDraft& draft : drafts) outlines.push_back({draft.first, draft.count, {}});
  return outlines;
}

// For each change the first segment after it that stays: changes may follow each other directly.
std::vector<size_t> StayingAfter(const Changes& changes) {
  std::vector<size_t> staying(changes.size());
  for (size_t i = changes.size(); i-- > 0;) {
    const size_t end = changes[i].first + changes[i].count;
    const bool is_followed = i + 1 < changes.size() && changes[i + 1].first == end;
    staying[i] = is_followed ? staying[i + 1] : end;
  }
  return staying;
}

// The segment at an index; none: it is before the first, or after the last.
Result<std::optional<Segment>> SegmentAt(EditedTranscript& edited, size_t index) {
  if (index >= edited.segment_count()) return std::nullopt;
  std::vector<Segment> found = TRY(edited.Segments(index, 1));
  return std::move(found.front());
}

// The drafts as changes, with the times of their words.
Result<Changes> WriteDrafts(EditedTranscript& edited, const std::vector<ChangeDraft>& drafts) {
  Changes changes = Outlines(drafts);
  TRY_VOID(transcript::CheckChanges(changes, edited.segment_count()));
  const std::vector<size_t> staying = StayingAfter(changes);
  std::optional<Segment> before;
  size_t reached = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    transcript::Change& change = changes[i];
    transcript::DraftPlace place;
    place.duration = edited.duration();
    place.replaced = TRY(edited.Segments(change.first, change.count));
    if (change.first != reached) before = TRY(SegmentAt(edited, change.first - 1));
    place.before = before;
    place.after = TRY(SegmentAt(edited, staying[i]));
    Result<std::vector<Segment>> written = transcript::WriteDraft(place, drafts[i].segments);
    if (!written) {
      return Failure(std::move(written).error().WithContext(fmt::format("changes[{}]", i)));
    }
    change.segments = *std::move(written);
    if (!change.segments.empty()) before = change.segments.back();
    reached = change.first + change.count;
  }
  return changes;
}

}  // namespace

Result<Outcome> Editor::Run(const Base& base, const MakePlan& make_plan) {
  return database_.Write([&](Connection& connection) -> Result<Outcome> {
    const std::optional<int64_t> newest = TRY(store::NewestRevision(connection, base.job));
    if (newest && *newest != base.revision) return Outcome{true, *newest, {}};
    EditedTranscript edited = TRY(EditedTranscript::Open(connection, base.job));
    Plan plan = TRY(make_plan(connection, edited));
    store::Revision revision;
    revision.time_ms = clock_.WallMs();
    revision.summary = std::move(plan.summary);
    Outcome outcome;
    outcome.revision = TRY(edited.AddRevision(plan.changes, revision));
    outcome.changes = std::move(plan.changes);
    const std::string data =
        fmt::format(R"({{"job":"{}","revision":{}}})", base.job, outcome.revision);
    TRY(store::AppendEvent(connection, {.id = 0,
                                        .time_ms = revision.time_ms,
                                        .type = "transcript.changed",
                                        .job = base.job,
                                        .data = data}));
    return outcome;
  });
}

Result<Outcome> Editor::Change(const Base& base, const Edit& edit) {
  return Run(base, [&edit](Connection&, EditedTranscript& edited) -> Result<Plan> {
    Plan plan;
    plan.changes = TRY(WriteDrafts(edited, edit.changes));
    plan.summary = edit.summary;
    return plan;
  });
}

Result<Outcome> Editor::Restore(const Base& base, int64_t number) {
  return Run(base, [&](Connection& connection, EditedTranscript& edited) -> Result<Plan> {
    const auto stored = TRY(store::FindRevision(connection, base.job, number));
    if (!stored) {
      return Fail(ErrorCode::kNotFound,
                  fmt::format("there is no revision {}, or it is no longer kept", number));
    }
    const transcript::Transcript wanted = TRY(store::ReadRevision(*stored));
    const std::vector<Segment> present = TRY(edited.Segments(0, edited.segment_count()));
    Plan plan;
    plan.changes = transcript::Difference(present, wanted.segments);
    plan.summary = fmt::format("revision {} restored", number);
    return plan;
  });
}

}  // namespace verbatim::editing
