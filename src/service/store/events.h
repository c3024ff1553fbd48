// The table of events: what happened, numbered, so that a client that was cut off can go on where
// it was.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"
#include "store/event.h"

namespace verbatim::store {

// Appends; the id is given here. Returns it.
Result<int64_t> AppendEvent(Connection& connection, Event event);

// Events with an id above `after`, in order, at most `count`. `job` empty: of all.
Result<std::vector<Event>> EventsAfter(Connection& connection, int64_t after, size_t count,
                                       const std::string& job = "");

// The newest id ever given, 0 if there is none, and the oldest kept, 0 if none is.
struct EventRange {
  int64_t oldest = 0;
  int64_t newest = 0;
};
// What is there.
Result<EventRange> EventsKept(Connection& connection);

// Takes the text out of a job's events: each "segment" becomes a "removed" without any. Their ids
// stay, so that whoever follows sees no gap.
Result<void> ForgetSegments(Connection& connection, const std::string& job);

// Drops all but the newest `count`. Ids are never given again.
Result<void> TrimEvents(Connection& connection, size_t count);

}  // namespace verbatim::store
