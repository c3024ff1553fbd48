// The table of files that were found in the folder that is watched: each is taken once, as long as
// it stays as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace verbatim::store {

struct WatchedFile {
  std::string path;  // within the folder
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  std::string upload;    // id; empty: none was made
  bool is_done = false;  // its results, or its failure, are written
};

// Replaces what was known of the path.
Result<void> PutWatchedFile(Connection& connection, const WatchedFile& file);
Result<std::optional<WatchedFile>> FindWatchedFile(Connection& connection, const std::string& path);
// Those whose results are to be written.
Result<std::vector<WatchedFile>> PendingWatchedFiles(Connection& connection);

}  // namespace verbatim::store
