#include "store/impl/group_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "base/contain.h"
#include "store/test_database.h"
#include "store/test_vfs.h"
#include "tests/allocation_counter.h"

namespace verbatim::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Work = std::function<Result<void>(Connection&)>;

// Inserts an upload, with an event of its name.
Work Insert(const std::string& id) {
  return [id](Connection& connection) -> Result<void> {
    TRY_VOID(InsertUpload(connection, MakeUpload(id)));
    TRY(AppendEvent(connection, {.type = id, .job = {}, .data = "{}"}));
    return {};
  };
}

class GroupWriterTest : public ::testing::Test {
 protected:
  GroupWriterTest() {
    CHECK(Database::Open(path()));
    writer_ = std::make_unique<GroupWriter>(*Connection::Open(path(), ConnectionKind::kWriting));
    // The first commit begins the log, with a sync of its own.
    CHECK(writer_->Run(Insert("first")));
    writer_->OnEvents([this](const std::vector<Event>& events) {
      ++told_;
      for (const Event& event : events) events_.push_back(event.type);
    });
  }

  std::filesystem::path path() const { return folder_.path() / "verbatim.db"; }

  // Lets all of these work in one group, in this order. What became of each.
  std::vector<Result<void>> RunTogether(const std::vector<Work>& works) {
    std::vector<Result<void>> results(works.size());
    std::vector<std::jthread> threads(works.size());
    std::function<void(size_t)> start = [&](size_t i) {
      threads[i] = std::jthread([&, i] {
        try {
          results[i] = writer_->Run([&, i](Connection& connection) {
            // The next one is on its way before this one ends.
            if (i + 1 < works.size()) start(i + 1);
            while (i + 1 < works.size() && writer_->arriving() == 0) std::this_thread::yield();
            return works[i](connection);
          });
        } catch (const std::exception& error) {
          results[i] = Fail(ErrorCode::kInternal, error.what());
        }
      });
    };
    start(0);
    for (std::jthread& thread : threads)
      thread.join();  // each was made before the one before ended
    return results;
  }

  std::vector<std::string> Uploads() {
    const auto reader = *Connection::Open(path(), ConnectionKind::kReading);
    CHECK(reader->Begin());
    std::vector<std::string> ids;
    const Result<std::vector<Upload>> uploads = AllUploads(*reader);
    CHECK(uploads);
    for (const Upload& upload : *uploads) {
      if (upload.id != "first") ids.push_back(upload.id);
    }
    return ids;
  }

  const TemporaryFolder folder_;
  std::atomic<int> syncs_ = 0;
  std::atomic<int> code_of_sync_ = SQLITE_OK;
  TestVfs vfs_{[this](const FileOperation& operation) -> int {
    if (operation.kind != FileOperation::kSync) return SQLITE_OK;
    ++syncs_;
    return code_of_sync_;
  }};
  std::unique_ptr<GroupWriter> writer_;
  int told_ = 0;
  std::vector<std::string> events_;
};

TEST_F(GroupWriterTest, ManyWaitForTheDiskOnce) {
  const int syncs_before = syncs_;
  const auto results = RunTogether({Insert("a"), Insert("b"), Insert("c"), Insert("d")});
  EXPECT_EQ(syncs_ - syncs_before, 1);
  for (const Result<void>& result : results) EXPECT_TRUE(result);
  EXPECT_THAT(Uploads(), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(told_, 1);
  EXPECT_THAT(events_, ElementsAre("a", "b", "c", "d"));
}

TEST_F(GroupWriterTest, OneThatFailsTakesBackItsOwnChangesAlone) {
  const Work failing = [](Connection& connection) -> Result<void> {
    TRY_VOID(Insert("failing")(connection));
    return Fail(ErrorCode::kConflict, "no");
  };
  const Work throwing = [](Connection& connection) -> Result<void> {
    TRY_VOID(Insert("throwing")(connection));
    std::string().at(0);
    return {};
  };
  // First, in the middle and last, where it has to commit for the others.
  const auto results = RunTogether({failing, Insert("a"), failing, throwing, Insert("b"), failing});
  EXPECT_THAT(Uploads(), ElementsAre("a", "b"));
  EXPECT_THAT(events_, ElementsAre("a", "b"));
  for (const size_t i : {0, 2, 5}) EXPECT_EQ(CodeOfFailure(results[i]), ErrorCode::kConflict);
  EXPECT_EQ(CodeOfFailure(results[3]), ErrorCode::kInternal);
  EXPECT_TRUE(results[1] && results[4]);
  EXPECT_FALSE(RunTogether({Insert("c"), throwing})[1]);
  EXPECT_THAT(Uploads(), ElementsAre("a", "b", "c"));
}

TEST_F(GroupWriterTest, AnyAllocationMayFail) {
  bool was_refused = true;
  for (size_t n = 1; was_refused; ++n) {
    ASSERT_LT(n, 1000U);
    const std::string id = std::to_string(n);
    const Work work = Insert(id);
    const Work after = Insert(id + " after");
    tests::RefuseAllocation(n);
    // What is thrown ends at the entry of the thread, as everywhere.
    const Result<void> done = Contain([&] { return writer_->Run(work); });
    was_refused = !tests::IsAllocationToBeRefused();
    tests::RefuseAllocation(0);
    ASSERT_EQ(done.has_value(), std::ranges::count(Uploads(), id) == 1) << n;
    ASSERT_TRUE(writer_->Run(after)) << n;
  }
}

TEST_F(GroupWriterTest, NobodyHearsOfSuccessIfTheCommitFails) {
  const Work failing = [](Connection&) { return Fail(ErrorCode::kConflict, "no"); };
  code_of_sync_ = SQLITE_IOERR_FSYNC;
  const auto results = RunTogether({Insert("a"), failing, Insert("b")});
  for (const Result<void>& result : results) EXPECT_EQ(CodeOfFailure(result), ErrorCode::kIo);
  code_of_sync_ = SQLITE_OK;
  EXPECT_THAT(Uploads(), IsEmpty());
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_TRUE(writer_->Run(Insert("a")));
}

TEST_F(GroupWriterTest, WhatSqliteTakesBackIsToldToAllWhoHaveLostIt) {
  const Work full = [](Connection& connection) -> Result<void> {
    TRY_VOID(connection.Execute("ROLLBACK"));
    return Fail(ErrorCode::kOutOfSpace, "the disk is full");
  };
  const auto results = RunTogether({Insert("a"), Insert("b"), full, Insert("c")});
  for (const size_t i : {0, 1, 2}) EXPECT_EQ(CodeOfFailure(results[i]), ErrorCode::kOutOfSpace);
  EXPECT_TRUE(results[3]);
  EXPECT_THAT(Uploads(), ElementsAre("c"));
  EXPECT_THAT(events_, ElementsAre("c"));
}

TEST_F(GroupWriterTest, AGroupHasABound) {
  std::vector<Work> works;
  for (int i = 0; i < 130; ++i) works.push_back(Insert(std::to_string(i)));
  const int syncs_before = syncs_;
  const auto results = RunTogether(works);
  for (const Result<void>& result : results) EXPECT_TRUE(result);
  EXPECT_EQ(syncs_ - syncs_before, 3);
  EXPECT_EQ(Uploads().size(), works.size());
}

}  // namespace
}  // namespace verbatim::store
