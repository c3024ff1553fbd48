#include "store/uploads.h"

#include <array>
#include <string_view>

#include "store/impl/connection.h"

namespace verbatim::store {
namespace {

constexpr std::array<std::string_view, 3> kStateNames = {"receiving", "complete", "joined"};

// In the order of BindFields and ReadUpload.
constexpr std::string_view kFields =
    "state, length, offset, is_partial, parts, metadata, filename, sha256, job_request, "
    "created_ms, expires_ms, released_ms";
constexpr std::string_view kFieldMarks = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

std::string Select(std::string_view rest) {
  return "SELECT id, " + std::string(kFields) + " FROM uploads " + std::string(rest);
}

std::string JoinIds(const std::vector<std::string>& ids) {
  std::string joined;
  for (const std::string& id : ids) {
    if (!joined.empty()) joined += ' ';
    joined += id;
  }
  return joined;
}

std::vector<std::string> SplitIds(const std::string& joined) {
  std::vector<std::string> ids;
  for (size_t begin = 0; begin < joined.size();) {
    const size_t end = std::min(joined.find(' ', begin), joined.size());
    ids.push_back(joined.substr(begin, end - begin));
    begin = end + 1;
  }
  return ids;
}

void BindFields(Statement& statement, const Upload& upload) {
  std::optional<int64_t> length;
  if (upload.length) length = static_cast<int64_t>(*upload.length);
  statement.Bind(kStateNames[static_cast<size_t>(upload.state)])
      .Bind(length)
      .Bind(static_cast<int64_t>(upload.offset))
      .Bind(upload.is_partial)
      .Bind(JoinIds(upload.parts))
      .Bind(upload.metadata)
      .Bind(upload.filename)
      .Bind(upload.sha256)
      .Bind(upload.job_request)
      .Bind(upload.created_ms)
      .Bind(upload.expires_ms)
      .Bind(upload.released_ms);
}

UploadState StateOf(std::string_view name) {
  for (size_t i = 0; i < kStateNames.size(); ++i) {
    if (kStateNames[i] == name) return static_cast<UploadState>(i);
  }
  return UploadState::kReceiving;  // the table allows no other name
}

Upload ReadUpload(Statement& row) {
  Upload upload;
  upload.id = row.Text();
  upload.state = StateOf(row.Text());
  if (const std::optional<int64_t> length = row.OptionalInteger()) {
    upload.length = static_cast<uint64_t>(*length);
  }
  upload.offset = static_cast<uint64_t>(row.Integer());
  upload.is_partial = row.Boolean();
  upload.parts = SplitIds(row.Text());
  upload.metadata = row.Text();
  upload.filename = row.Text();
  upload.sha256 = row.Text();
  upload.job_request = row.Text();
  upload.created_ms = row.Integer();
  upload.expires_ms = row.Integer();
  upload.released_ms = row.Integer();
  return upload;
}

Result<std::vector<Upload>> ReadAll(Statement& rows) {
  std::vector<Upload> uploads;
  while (TRY(rows.Step())) uploads.push_back(ReadUpload(rows));
  return uploads;
}

Failure NoUpload(const std::string& id) {
  return Fail(ErrorCode::kNotFound, "there is no upload " + id);
}

// One of the jobs that have it; first those that have not ended.
Result<std::string> WhyKept(Connection& connection, const std::string& id) {
  Statement find = TRY(connection.Prepare(
      "SELECT id, finished_ms FROM jobs WHERE upload = ? ORDER BY finished_ms > 0, number"));
  find.Bind(id);
  if (!TRY(find.Step())) return "the upload " + id + " is in use";
  const std::string job = find.Text();
  return find.Integer() == 0 ? "job " + job + " needs the upload: cancel the job first"
                             : "job " + job + " has the upload: delete the job, and both go";
}

}  // namespace

Result<void> InsertUpload(Connection& connection, const Upload& upload) {
  static const std::string sql = "INSERT INTO uploads (id, " + std::string(kFields) +
                                 ") VALUES (?, " + std::string(kFieldMarks) + ")";
  Statement insert = TRY(connection.Prepare(sql));
  insert.Bind(upload.id);
  BindFields(insert, upload);
  Result<int64_t> done = insert.Run();
  if (done) return {};
  if (done.error().code == ErrorCode::kConflict) {
    return Fail(ErrorCode::kConflict, "there is an upload " + upload.id + " already");
  }
  return Failure(std::move(done).error());
}

Result<std::optional<Upload>> FindUpload(Connection& connection, const std::string& id) {
  static const std::string sql = Select("WHERE id = ?");
  Statement find = TRY(connection.Prepare(sql));
  if (!TRY(find.Bind(id).Step())) return std::nullopt;
  return ReadUpload(find);
}

Result<void> UpdateUpload(Connection& connection, const Upload& upload) {
  static const std::string sql = "UPDATE uploads SET (" + std::string(kFields) + ") = (" +
                                 std::string(kFieldMarks) + ") WHERE id = ?";
  Statement update = TRY(connection.Prepare(sql));
  BindFields(update, upload);
  if (TRY(update.Bind(upload.id).Run()) == 0) return NoUpload(upload.id);
  return {};
}

Result<void> DeleteUpload(Connection& connection, const std::string& id) {
  Statement remove = TRY(connection.Prepare("DELETE FROM uploads WHERE id = ?"));
  Result<int64_t> count = remove.Bind(id).Run();
  if (!count && count.error().code == ErrorCode::kConflict) {
    return Fail(ErrorCode::kConflict, TRY(WhyKept(connection, id)));
  }
  if (!count) return Failure(std::move(count).error());
  if (*count == 0) return NoUpload(id);
  return {};
}

Result<std::vector<Upload>> AllUploads(Connection& connection) {
  static const std::string sql = Select("ORDER BY number");
  Statement find = TRY(connection.Prepare(sql));
  return ReadAll(find);
}

Result<std::vector<Upload>> UploadsOfAnyVersion(Connection& connection) {
  Statement column = TRY(
      connection.Prepare("SELECT 1 FROM pragma_table_info('uploads') WHERE name = 'released_ms'"));
  const std::string released = TRY(column.Step()) ? "released_ms" : "0";
  Statement find = TRY(connection.Prepare("SELECT id, state, offset, parts, filename, sha256, " +
                                          released + " FROM uploads ORDER BY number"));
  std::vector<Upload> uploads;
  while (TRY(find.Step())) {
    Upload upload;
    upload.id = find.Text();
    upload.state = StateOf(find.Text());
    upload.offset = static_cast<uint64_t>(find.Integer());
    upload.parts = SplitIds(find.Text());
    upload.filename = find.Text();
    upload.sha256 = find.Text();
    upload.released_ms = find.Integer();
    uploads.push_back(std::move(upload));
  }
  return uploads;
}

Result<std::vector<Upload>> UploadsToRelease(Connection& connection, int64_t ended_ms,
                                             size_t count) {
  static const std::string sql = Select(
      "WHERE state = 'complete' AND released_ms = 0 AND id IN (SELECT upload FROM jobs GROUP BY "
      "upload HAVING min(finished_ms) > 0 AND max(finished_ms) <= ?) ORDER BY number LIMIT ?");
  Statement find = TRY(connection.Prepare(sql));
  find.Bind(ended_ms).Bind(AsLimit(count));
  return ReadAll(find);
}

Result<std::vector<Upload>> ExpiredUploads(Connection& connection, int64_t now_ms) {
  static const std::string sql =
      Select("WHERE expires_ms > 0 AND expires_ms <= ? ORDER BY expires_ms");
  Statement find = TRY(connection.Prepare(sql));
  find.Bind(now_ms);
  return ReadAll(find);
}

}  // namespace verbatim::store
