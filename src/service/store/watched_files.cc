#include "store/watched_files.h"

#include "store/impl/connection.h"

namespace verbatim::store {
namespace {

WatchedFile ReadFile(Statement& row) {
  WatchedFile file;
  file.path = row.Text();
  file.size = static_cast<uint64_t>(row.Integer());
  file.mtime_ns = row.Integer();
  file.upload = row.Text();
  file.is_done = row.Boolean();
  return file;
}

}  // namespace

Result<void> PutWatchedFile(Connection& connection, const WatchedFile& file) {
  Statement put = TRY(connection.Prepare(
      "INSERT OR REPLACE INTO watched_files (path, size, mtime_ns, upload, is_done) VALUES (?, ?, "
      "?, ?, ?)"));
  put.Bind(file.path)
      .Bind(static_cast<int64_t>(file.size))
      .Bind(file.mtime_ns)
      .Bind(file.upload)
      .Bind(file.is_done);
  TRY(put.Run());
  return {};
}

Result<std::optional<WatchedFile>> FindWatchedFile(Connection& connection,
                                                   const std::string& path) {
  Statement find = TRY(connection.Prepare(
      "SELECT path, size, mtime_ns, upload, is_done FROM watched_files WHERE path = ?"));
  if (!TRY(find.Bind(path).Step())) return std::nullopt;
  return ReadFile(find);
}

Result<std::vector<WatchedFile>> PendingWatchedFiles(Connection& connection) {
  Statement find = TRY(connection.Prepare(
      "SELECT path, size, mtime_ns, upload, is_done FROM watched_files WHERE is_done = 0"));
  std::vector<WatchedFile> files;
  while (TRY(find.Step())) files.push_back(ReadFile(find));
  return files;
}

}  // namespace verbatim::store
