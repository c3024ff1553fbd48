#include "store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/atomic_file.h"
#include "store/impl/connection.h"
#include "store/impl/schema.h"
#include "store/test_database.h"

namespace verbatim::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class DatabaseTest : public ::testing::Test, protected TestDatabase {
 protected:
  // Runs SQL on the closed file.
  void Edit(const std::string& sql) {
    database_.reset();
    const auto connection = Connection::Open(path(), ConnectionKind::kWriting);
    ASSERT_TRUE(connection);
    ASSERT_TRUE((*connection)->Execute(sql));
  }
  Error FailureToOpen() {
    database_.reset();
    Result<std::unique_ptr<Database>> opened = Database::Open(path());
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
};

TEST_F(DatabaseTest, WhatIsCommittedIsThereAfterReopening) {
  AddJob("a");
  Reopen();
  EXPECT_TRUE(*Read(FindJob, "a"));
}

TEST_F(DatabaseTest, AnErrorRollsBack) {
  const Result<void> refused = database_->Write([](Connection& connection) -> Result<void> {
    TRY_VOID(InsertUpload(connection, MakeUpload("a")));
    return Fail(ErrorCode::kTooLarge, "no");
  });
  EXPECT_EQ(CodeOfFailure(refused), ErrorCode::kTooLarge);
  EXPECT_FALSE(*Read(FindUpload, "a"));
}

TEST_F(DatabaseTest, AnExceptionRollsBackAndLeavesTheWriterUsable) {
  const auto throwing = [](Connection& connection) -> Result<void> {
    EXPECT_TRUE(InsertUpload(connection, MakeUpload("a")));
    std::string().at(0);
    return {};
  };
  EXPECT_THROW((void)database_->Write(throwing), std::out_of_range);
  EXPECT_THROW((void)database_->Read([](Connection&) -> Result<void> {
    std::string().at(0);
    return {};
  }),
               std::out_of_range);
  EXPECT_FALSE(*Read(FindUpload, "a"));
  EXPECT_TRUE(Write(InsertUpload, MakeUpload("a")));
}

TEST_F(DatabaseTest, ReadersCannotWrite) {
  EXPECT_FALSE(Read(InsertUpload, MakeUpload("a")));
  EXPECT_TRUE(Write(InsertUpload, MakeUpload("a")));
}

TEST_F(DatabaseTest, AReaderSeesOneState) {
  const Result<void> read = database_->Read([&](Connection& connection) -> Result<void> {
    EXPECT_FALSE(TRY(FindUpload(connection, "a")));
    EXPECT_TRUE(Write(InsertUpload, MakeUpload("a")));
    EXPECT_FALSE(TRY(FindUpload(connection, "a")));
    EXPECT_TRUE(*Read(FindUpload, "a")) << "another one sees the next";
    return {};
  });
  EXPECT_TRUE(read);
}

TEST_F(DatabaseTest, OneStatementMayBeUsedWithinItself) {
  AddJob("a");
  AddJob("b");
  const Result<int> pairs = database_->Read([](Connection& connection) -> Result<int> {
    int count = 0;
    for (int round = 0; round < 2; ++round) {  // the second finds the statements in the cache
      Statement outer = TRY(connection.Prepare("SELECT id FROM jobs"));
      while (TRY(outer.Step())) {
        Statement inner = TRY(connection.Prepare("SELECT id FROM jobs"));
        while (TRY(inner.Step())) ++count;
      }
    }
    return count;
  });
  EXPECT_EQ(pairs, 8);
}

TEST_F(DatabaseTest, ASecondOwnerIsRefused) {
  const Result<std::unique_ptr<Database>> second = Database::Open(path());
  EXPECT_EQ(CodeOfFailure(second), ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("another process"));
  const pid_t child = fork();
  if (child == 0) {
    _exit(CodeOfFailure(Database::Open(path())) == ErrorCode::kConflict ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  Reopen();
}

TEST_F(DatabaseTest, MakesItsFolderAndKeepsItsFileToItself) {
  const fs::path nested = folder_.path() / "new" / "folder" / "file:odd?name%.db";
  ASSERT_TRUE(Database::Open(nested));
  struct stat facts{};
  ASSERT_EQ(stat(nested.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(DatabaseTest, AFolderThatCannotBeMadeIsAnError) {
  std::ofstream(folder_.path() / "file") << "x";
  const auto opened = Database::Open(folder_.path() / "file" / "verbatim.db");
  EXPECT_EQ(CodeOfFailure(opened), ErrorCode::kIo);
  EXPECT_EQ(CodeOfFailure(Database::Open("/proc/verbatim/verbatim.db")), ErrorCode::kNotFound);
}

TEST_F(DatabaseTest, ANewerVersionIsRefusedUntouched) {
  Edit("PRAGMA user_version = 1000");
  const Error error = FailureToOpen();
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_THAT(error.message, HasSubstr("version 1000, made by a newer Verbatim"));
  Edit("PRAGMA user_version = -1");
  EXPECT_EQ(FailureToOpen().code, ErrorCode::kConflict);
  Edit("PRAGMA user_version = " + std::to_string(Migrations().size()));
  Reopen();
}

TEST_F(DatabaseTest, AnotherProgramsDatabaseIsRefusedUntouched) {
  database_.reset();
  fs::remove(path());
  Edit("CREATE TABLE music (title TEXT)");
  EXPECT_EQ(FailureToOpen().code, ErrorCode::kConflict);
  EXPECT_THAT(FailureToOpen().message, HasSubstr("another program"));
  Edit("DROP TABLE music; PRAGMA application_id = 7");
  EXPECT_EQ(FailureToOpen().code, ErrorCode::kConflict);
}

TEST_F(DatabaseTest, WhatIsNoDatabaseIsCalledDamaged) {
  database_.reset();
  std::ofstream(path()) << std::string(8192, 'x');
  const Error error = FailureToOpen();
  EXPECT_EQ(error.code, ErrorCode::kCorruptDatabase);
  EXPECT_THAT(error.message, HasSubstr("damaged"));
}

TEST_F(DatabaseTest, DamagedPagesAreFoundAtTheStart) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(Write(InsertUpload, MakeUpload("upload_" + std::to_string(i))));
  }
  database_.reset();
  const std::string whole = *ReadFile(path(), 1 << 24);
  // Each page but the first two in turn is overwritten; not all of a page is in use.
  int found = 0;
  for (size_t page = 1; page < whole.size() / 4096; ++page) {
    std::string damaged = whole;
    damaged.replace(page * 4096, 64, 64, '\xAA');
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << damaged;
    const Result<std::unique_ptr<Database>> opened = Database::Open(path());
    if (opened) continue;
    ++found;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruptDatabase);
    EXPECT_THAT(opened.error().message, HasSubstr("damaged"));
  }
  EXPECT_GT(found, static_cast<int>(whole.size() / 4096) / 2);
  std::ofstream(path(), std::ios::binary | std::ios::trunc) << whole.substr(0, whole.size() / 2);
  EXPECT_THAT(FailureToOpen().message, HasSubstr("damaged"));
  std::ofstream(path(), std::ios::binary | std::ios::trunc) << whole;
  Reopen();
}

TEST_F(DatabaseTest, ASchemaThatIsNotAsItWasMadeIsFoundAtTheStart) {
  Edit("CREATE INDEX of_the_operator ON jobs (title)");
  Reopen();
  database_.reset();
  for (const std::string_view name : {"is_ephemeral", "released_ms", "uploads_by_sha256"}) {
    const std::string whole = *ReadFile(path(), 1 << 24);
    std::string damaged = whole;
    damaged[damaged.find(name)] ^= 1;
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << damaged;
    EXPECT_EQ(FailureToOpen().code, ErrorCode::kCorruptDatabase) << name;
    EXPECT_THAT(FailureToOpen().message, HasSubstr("damaged")) << name;
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << whole;
  }
  Reopen();
}

TEST_F(DatabaseTest, AfterAnAutomaticRollbackNothingIsKept) {
  // What SQLite itself does when, for example, the disk is full.
  const Result<void> done = database_->Write([](Connection& connection) -> Result<void> {
    TRY_VOID(InsertUpload(connection, MakeUpload("a")));
    TRY_VOID(connection.Execute("ROLLBACK"));
    const Result<void> later = InsertUpload(connection, MakeUpload("b"));
    EXPECT_EQ(CodeOfFailure(later), ErrorCode::kInternal);
    return {};
  });
  EXPECT_FALSE(done) << "the work did not see the error, but nothing was committed";
  EXPECT_FALSE(*Read(FindUpload, "a"));
  EXPECT_FALSE(*Read(FindUpload, "b"));
  EXPECT_TRUE(Write(InsertUpload, MakeUpload("a")));
}

TEST_F(DatabaseTest, TheLogShrinksOnceNoReaderNeedsIt) {
  Upload upload = MakeUpload("a");
  ASSERT_TRUE(Write(InsertUpload, upload));
  const fs::path log = path().string() + "-wal";
  const auto write = [&] {
    // Changed each time: equal pages are not written.
    upload.metadata.assign(4'000'000, upload.metadata.starts_with('a') ? 'b' : 'a');
    return Write(UpdateUpload, upload);
  };
  ASSERT_TRUE(database_->Read([&](Connection& connection) -> Result<void> {
    TRY(FindUpload(connection, "a"));
    for (int i = 0; i < 18; ++i) EXPECT_TRUE(write());
    EXPECT_GT(fs::file_size(log), 64'000'000u) << "the reader needs what was before";
    return {};
  }));
  ASSERT_TRUE(write());
  EXPECT_EQ(fs::file_size(log), 0u);
  EXPECT_EQ((*Read(FindUpload, "a"))->metadata.size(), 4'000'000u);
}

TEST_F(DatabaseTest, ReadersAndAWriterWorkSideBySide) {
  // Each transaction moves one unit between two jobs: their sum is the same in every state.
  AddJob("a");
  AddJob("b");
  std::atomic<bool> is_over = false;
  std::atomic<int> reads = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        int64_t sum = -1;
        EXPECT_TRUE(database_->Read([&](Connection& connection) -> Result<void> {
          sum = TRY(FindJob(connection, "a")).value().windows_done;
          sum += TRY(FindJob(connection, "b")).value().windows_done;
          return {};
        }));
        EXPECT_EQ(sum, 0);
        ++reads;
      }
    });
  }
  for (int i = 0; i < 100 || reads < 300; ++i) {
    ASSERT_TRUE(database_->Write([](Connection& connection) -> Result<void> {
      Job from = *TRY(FindJob(connection, "a"));
      Job to = *TRY(FindJob(connection, "b"));
      --from.windows_done;
      ++to.windows_done;
      TRY_VOID(UpdateJob(connection, from));
      return UpdateJob(connection, to);
    }));
  }
  is_over = true;
}

}  // namespace
}  // namespace verbatim::store
