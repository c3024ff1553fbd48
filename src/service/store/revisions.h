// The tables of edited transcripts. A person's changes make numbered revisions: 0 is the transcript
// as it was stored (store/transcripts.h), which stays as it is; each change makes the next one. The
// newest lies in parts of some segments each, so that a small change of a long transcript writes
// little; older ones are found backwards from it, by the changes that take each revision back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"
#include "transcript/revision.h"
#include "transcript/transcript.h"

namespace verbatim::store {

inline constexpr int64_t kRevisionsKept = 1000;  // of each job, besides revision 0

struct Revision {
  int64_t number = 0;   // 1, 2, 3 ...
  int64_t time_ms = 0;  // wall clock
  std::string summary;
  int64_t segments_changed = 0;
};

// The newest revision of a job's transcript. None: it has no transcript.
Result<std::optional<int64_t>> NewestRevision(Connection& connection, const std::string& job);

// Revisions below `before`, the newest first, at most `count`. Revision 0 is not among them.
Result<std::vector<Revision>> Revisions(Connection& connection, const std::string& job,
                                        int64_t before, size_t count);

// A revision as it is stored: reading it takes time, which a transaction need not wait for.
struct StoredRevision {
  int64_t number = 0;
  std::string json;                // of the newest, or of revision 0
  std::vector<std::string> undos;  // that lead from there to this one, in this order
};
// `number`: none is the newest. None: the job has no transcript, or it has not, or no longer, this
// revision.
Result<std::optional<StoredRevision>> FindRevision(Connection& connection, const std::string& job,
                                                   std::optional<int64_t> number);
// Errors: kCorruptDatabase if what is stored cannot be read.
Result<transcript::Transcript> ReadRevision(const StoredRevision& stored);

// The newest revision of a transcript, to be changed in the transaction that opened it.
class EditedTranscript {
 public:
  // Errors: kNotFound: the job has no transcript; kConflict: it is ephemeral.
  static Result<EditedTranscript> Open(Connection& connection, const std::string& job);

  int64_t revision() const { return revision_; }
  size_t segment_count() const;
  SampleTime duration() const { return duration_; }

  // Segments [first, first + count), which must exist.
  Result<std::vector<transcript::Segment>> Segments(size_t first, size_t count);

  // Stores the changes, which must fit (transcript::CheckChanges), as the next revision, and
  // indexes the new segments. `revision`: its number is given here. Returns the number.
  Result<int64_t> AddRevision(transcript::Changes changes, Revision revision);

 private:
  // Some segments in a row; they are read when they are needed.
  struct Part {
    int64_t number = 0;  // in the order of the parts, with gaps
    size_t count = 0;
    bool is_read = false;
    bool is_changed = false;
    std::vector<transcript::Segment> segments;
  };
  struct Place {
    size_t part = 0;
    size_t index = 0;  // within the part
  };

  EditedTranscript(Connection& connection, std::string job)
      : connection_(&connection), job_(std::move(job)) {}
  Result<void> ReadParts();
  Result<void> MakeParts();
  Result<void> Read(Part& part);
  Place PlaceOf(size_t segment) const;
  Result<std::vector<transcript::Segment>> Replace(const transcript::Change& change);
  void Divide();
  Result<void> WriteParts();
  Result<void> Write(const Part& part);
  Result<void> Log(const Revision& revision, const std::string& undo);

  Connection* connection_;
  std::string job_;
  int64_t revision_ = 0;
  SampleTime duration_{0};
  std::vector<Part> parts_;  // one at least
};

}  // namespace verbatim::store
