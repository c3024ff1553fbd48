// The table of windows (store/jobs.h).
#include "store/impl/connection.h"
#include "store/jobs.h"

namespace verbatim::store {

Result<void> InsertWindow(Connection& connection, const std::string& job, int attempt,
                          const StoredWindow& window) {
  Statement insert = TRY(connection.Prepare(
      "INSERT INTO windows (job, number, result) "
      "SELECT id, ?, ? FROM jobs WHERE id = ? AND state = 'running' AND attempt = ?"));
  insert.Bind(window.index).Bind(window.result).Bind(job).Bind(attempt);
  Result<int64_t> count = insert.Run();
  if (!count && count.error().code == ErrorCode::kConflict) {
    return Fail(ErrorCode::kConflict, "window " + std::to_string(window.index) + " of the job " +
                                          job + " is stored already");
  }
  if (!count) return Failure(std::move(count).error());
  if (*count == 0) {
    return Fail(ErrorCode::kConflict,
                "the job " + job + " is no longer run by attempt " + std::to_string(attempt));
  }
  return {};
}

Result<std::vector<StoredWindow>> WindowsOf(Connection& connection, const std::string& job) {
  Statement find =
      TRY(connection.Prepare("SELECT number, result FROM windows WHERE job = ? ORDER BY number"));
  find.Bind(job);
  std::vector<StoredWindow> windows;
  while (TRY(find.Step())) {
    StoredWindow window;
    window.index = find.Integer();
    window.result = find.Text();
    windows.push_back(std::move(window));
  }
  return windows;
}

Result<void> DeleteWindows(Connection& connection, const std::string& job) {
  Statement remove = TRY(connection.Prepare("DELETE FROM windows WHERE job = ?"));
  TRY(remove.Bind(job).Run());
  return {};
}

}  // namespace verbatim::store
