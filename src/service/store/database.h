// The service's ledger: one SQLite file in WAL mode with synchronous=FULL, so what was committed
// survives a crash and a power cut. One connection writes and checkpoints (SQLite 3.40 is in the
// range of the WAL-reset bug, which needs two); others read. Tables have headers of their own:
// store/uploads.h, store/jobs.h, store/transcripts.h, store/events.h; their functions take a
// Connection and may be combined in one transaction. The only room that sees SQLite.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/event.h"

namespace verbatim::store {

// An open connection within a transaction: what the functions of the tables take. Only valid
// during the call of Read or Write that made it.
class Connection;

class Database {
 public:
  // Opens or creates the file and its folder, checks it, migrates it to the newest schema. The
  // check reads all of a file of up to 64 MB; a larger one is checked as it is read.
  // Errors: kConflict (another process has it open, or a newer version made it); kIo, kOutOfSpace;
  // kCorruptDatabase if a page or the schema is not as it was written.
  static Result<std::unique_ptr<Database>> Open(const std::filesystem::path& path);
  virtual ~Database() = default;

  // Runs `work` (Connection& -> Result<T>) in one transaction on the writing connection. Committed
  // if it returns a value; rolled back if an error. When this returns a value, it is on disk.
  // Errors: those of `work`; kOutOfSpace, kIo, kCorruptDatabase, kInternal from
  // SQLite. Thread: any; one at a time.
  template <typename Work>
  auto Write(Work work) -> std::invoke_result_t<Work, Connection&> {
    std::optional<std::invoke_result_t<Work, Connection&>> result;
    Result<void> done = RunWrite([&](Connection& connection) -> Result<void> {
      result.emplace(work(connection));
      if (!*result) return Failure(result->error());
      return {};
    });
    if (!done) return Failure(std::move(done).error());
    return std::move(*result);
  }

  // Runs `work` on a reading connection, over one consistent state. Thread: any.
  template <typename Work>
  auto Read(Work work) -> std::invoke_result_t<Work, Connection&> {
    std::optional<std::invoke_result_t<Work, Connection&>> result;
    Result<void> done = RunRead([&](Connection& connection) -> Result<void> {
      result.emplace(work(connection));
      return {};
    });
    if (!done) return Failure(std::move(done).error());
    return std::move(*result);
  }

  // Called after each commit that appended events, with them, in the order of their ids: no commit
  // is told before an earlier one. Set before other threads use the database; must not write.
  virtual void OnEvents(std::function<void(const std::vector<Event>&)> listener) = 0;

 protected:
  virtual Result<void> RunWrite(const std::function<Result<void>(Connection&)>& work) = 0;
  virtual Result<void> RunRead(const std::function<Result<void>(Connection&)>& work) = 0;
};

}  // namespace verbatim::store
