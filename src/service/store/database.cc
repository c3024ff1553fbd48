#include "store/database.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "store/impl/connection.h"
#include "store/impl/group_writer.h"
#include "store/impl/schema.h"
#include "store/process_lock.h"

namespace verbatim::store {
namespace {

namespace fs = std::filesystem;

// Unit: bytes. A file of this size is checked whole in well under a second; a larger one as it is
// read, page by page (cell_size_check), so that the start stays short.
constexpr uint64_t kCheckedSizeMax = 64ULL << 20;

// Ends a reading transaction with the scope, also when `work` threw.
class ReadingTransaction {
 public:
  explicit ReadingTransaction(Connection& connection) : connection_(connection) {}
  ~ReadingTransaction() { connection_.Rollback(); }
  ReadingTransaction(const ReadingTransaction&) = delete;
  ReadingTransaction& operator=(const ReadingTransaction&) = delete;

 private:
  Connection& connection_;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(fs::path path, ProcessLock lock, std::unique_ptr<Connection> writer)
      : path_(std::move(path)), lock_(std::move(lock)), writer_(std::move(writer)) {}

  ~SqliteDatabase() override {
    MutexLock lock(readers_mutex_);
    idle_readers_.clear();  // the writing connection closes last: it alone empties the log
  }

  void OnEvents(std::function<void(const std::vector<Event>&)> listener) override {
    writer_.OnEvents(std::move(listener));
  }

 protected:
  Result<void> RunWrite(const std::function<Result<void>(Connection&)>& work) override {
    return writer_.Run(work);
  }

  Result<void> RunRead(const std::function<Result<void>(Connection&)>& work) override {
    std::unique_ptr<Connection> reader = TRY(TakeReader());
    {
      const ReadingTransaction transaction(*reader);
      TRY_VOID(reader->Begin());
      TRY_VOID(work(*reader));
    }
    MutexLock lock(readers_mutex_);
    idle_readers_.push_back(std::move(reader));
    return {};
  }

 private:
  // As many are made as threads read at the same time; the newest is taken first, its cache is
  // warm.
  Result<std::unique_ptr<Connection>> TakeReader() {
    {
      MutexLock lock(readers_mutex_);
      if (!idle_readers_.empty()) {
        std::unique_ptr<Connection> reader = std::move(idle_readers_.back());
        idle_readers_.pop_back();
        return reader;
      }
    }
    return Connection::Open(path_, ConnectionKind::kReading);
  }

  const fs::path path_;
  const ProcessLock lock_;
  GroupWriter writer_;
  Mutex readers_mutex_;
  std::vector<std::unique_ptr<Connection>> idle_readers_ GUARDED_BY(readers_mutex_);
};

// Makes the file, for its owner's eyes alone; SQLite gives its companions the same rights.
Result<void> MakeFile(const fs::path& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Failure(SystemError(errno, "opening " + path.string()));
  close(file);
  return {};
}

// What a process that died had written to the log but not put on disk would be read, and told, as
// if it was there. So it is put there first: written again, as the system does not try twice what
// it once failed to put on disk.
Result<void> PutLogOnDisk(const fs::path& log) {
  const int file = open(log.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return {};  // as after every stop that was none by force
  if (file < 0) return Failure(SystemError(errno, "opening " + log.string()));
  std::vector<char> bytes(1 << 20);
  off_t offset = 0;
  ssize_t count = 0;
  while ((count = pread(file, bytes.data(), bytes.size(), offset)) > 0) {
    count = pwrite(file, bytes.data(), static_cast<size_t>(count), offset);
    if (count < 0) break;
    offset += count;
  }
  const bool is_done = count == 0 && fdatasync(file) == 0;
  const Error error = is_done ? Error{} : SystemError(errno, "putting on disk " + log.string());
  close(file);
  if (!is_done) return Failure(error);
  return {};
}

Result<void> CheckIntegrity(Connection& connection, const fs::path& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  if (!error && size > kCheckedSizeMax) return {};
  const Result<std::string> found = connection.Query("PRAGMA quick_check(1)");
  if (!found) return Failure(found.error());
  if (*found != "ok") return Fail(ErrorCode::kCorruptDatabase, "damaged: " + *found);
  return {};
}

Result<std::unique_ptr<Connection>> OpenWriter(const fs::path& path) {
  TRY_VOID(MakeFile(path));
  TRY_VOID(PutLogOnDisk(path.string() + "-wal"));
  std::unique_ptr<Connection> writer = TRY(Connection::Open(path, ConnectionKind::kWriting));
  TRY_VOID(CheckSchema(*writer));
  TRY_VOID(CheckIntegrity(*writer, path));
  const Result<std::string> mode = writer->Query("PRAGMA journal_mode = WAL");
  if (!mode) return Failure(mode.error());
  if (*mode != "wal") return Fail(ErrorCode::kIo, "the file system does not allow a shared log");
  TRY_VOID(Migrate(*writer, Migrations()));
  return writer;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const fs::path& path) {
  std::error_code error;
  const fs::path folder = fs::absolute(path, error).parent_path();
  fs::create_directories(folder, error);
  if (error) return Failure(SystemError(error.value(), "making " + folder.string()));
  ProcessLock lock = TRY(ProcessLock::Take(path.string() + ".lock"));
  Result<std::unique_ptr<Connection>> writer = OpenWriter(path);
  if (!writer) {
    return Failure(std::move(writer).error().WithContext("the database " + path.string()));
  }
  return std::make_unique<SqliteDatabase>(path, std::move(lock), *std::move(writer));
}

}  // namespace verbatim::store
