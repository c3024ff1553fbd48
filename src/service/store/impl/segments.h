// The tables of segments and of their full text, always changed together.
#pragma once

#include <string>
#include <vector>

#include "store/impl/connection.h"
#include "transcript/revision.h"
#include "transcript/transcript.h"

namespace verbatim::store {

// Errors: those of SQLite.
Result<void> InsertSegments(Connection& connection, const std::string& job,
                            const std::vector<transcript::Segment>& segments);

// Those of one job; none is no error.
Result<void> RemoveSegments(Connection& connection, const std::string& job);

// Makes the changes that the transcript gets; they must fit (transcript::CheckChanges).
Result<void> ReindexSegments(Connection& connection, const std::string& job,
                             const transcript::Changes& changes);

}  // namespace verbatim::store
