// The table of transcripts and their full text, searchable over all of them (SQLite FTS5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"
#include "transcript/transcript.h"

namespace verbatim::store {

// Stores a job's transcript as rendered JSON (words have their times
// in its segments) and indexes its segments, unless the
// job is ephemeral. Replaces an older one with its revisions. Errors: kNotFound if there is no such
// job.
Result<void> PutTranscript(Connection& connection, const std::string& job, const std::string& json,
                           const transcript::Transcript& transcript);
// The JSON as it was stored: revision 0 (store/revisions.h). None: the job has no transcript.
Result<std::optional<std::string>> FindTranscript(Connection& connection, const std::string& job);

struct SearchQuery {
  std::string text = {};  // words, "phrases", prefix*; all must occur in a segment
  std::string job = {};   // empty: all
  size_t offset = 0;
  size_t count = 20;
};

struct SearchHit {
  std::string job;
  std::string filename;
  std::string title;    // empty: none
  int64_t segment = 0;  // index within the transcript
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  // The segment's text as pieces: plain and highlighted in turn, the first plain (maybe empty).
  std::vector<std::string> pieces;
};

struct SearchResult {
  std::vector<SearchHit> hits;  // best first
  int64_t total = 0;
};

// Any text is a valid query: what FTS5 would take for its syntax is searched for as it stands.
Result<SearchResult> Search(Connection& connection, const SearchQuery& query);

}  // namespace verbatim::store
