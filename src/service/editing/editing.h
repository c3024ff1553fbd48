// Changes that people make to transcripts: each is a transaction that checks what it builds on,
// stores the new revision with its search index, and tells it as an event. What is answered is on
// disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/database.h"
#include "store/revisions.h"
#include "transcript/revision.h"

namespace verbatim::editing {

// Which revision of which job's transcript a change builds on.
struct Base {
  std::string job;
  int64_t revision = 0;
};

struct Edit {
  std::vector<transcript::ChangeDraft> changes;  // indices are those of the base
  std::string summary;
};

struct Outcome {
  bool is_stale = false;        // another revision is the newest: nothing was changed
  int64_t revision = 0;         // the newest
  transcript::Changes changes;  // as they were stored
};

// Thread: any.
class Editor {
 public:
  Editor(store::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Errors: kNotFound (no transcript); kConflict (one that is not kept); kInvalidArgument with the
  // change and what is wrong.
  Result<Outcome> Change(const Base& base, const Edit& edit);

  // Makes a new revision that equals an earlier one.
  // Errors: as Change; kNotFound also if there is no such revision, or it is no longer kept.
  Result<Outcome> Restore(const Base& base, int64_t revision);

 private:
  // What is to be changed, and how the new revision is called.
  struct Plan {
    transcript::Changes changes;
    std::string summary;
  };
  using MakePlan = std::function<Result<Plan>(store::Connection&, store::EditedTranscript&)>;
  Result<Outcome> Run(const Base& base, const MakePlan& make_plan);

  store::Database& database_;
  const Clock& clock_;
};

}  // namespace verbatim::editing
