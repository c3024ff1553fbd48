#include "backup/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "backup/data_folder.h"
#include "backup/restore.h"
#include "backup/verify.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/process_lock.h"
#include "store/test_database.h"
#include "upload/uploads.h"

namespace verbatim::backup {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BackupTest : public ::testing::Test, protected store::TestDatabase {
 protected:
  BackupTest() {
    upload::UploadsOptions options;
    options.folder = data() / kUploadsName;
    options.limits.disk_reserve = 0;
    auto opened = upload::Uploads::Open(options, *database_, clock_, log_);
    CHECK(opened);
    uploads_ = *std::move(opened);
  }

  fs::path data() const { return folder_.path(); }
  fs::path Beside(const char* name) const { return other_.path() / name; }

  // The id of an upload that has these bytes; of `length`, if that is more.
  std::string Add(const std::string& bytes, std::optional<uint64_t> length = {}) {
    upload::NewUpload request;
    request.length = length.value_or(bytes.size());
    const auto made = uploads_->Create(request);
    CHECK(made);
    const auto receiver = uploads_->Receive(made->id, 0, std::nullopt, [] {});
    CHECK(receiver);
    CHECK((*receiver)->Append(bytes));
    CHECK((*receiver)->Finish());
    return made->id;
  }

  std::string Content(const fs::path& folder, const std::string& id) {
    return ReadFile(folder / kUploadsName / id, 1 << 20).value_or("none");
  }

  store::TemporaryFolder other_;
  const SystemClock clock_;
  QuietLog log_;
  std::unique_ptr<upload::Uploads> uploads_;
};

TEST_F(BackupTest, HoldsWhatIsAcknowledgedAndComesBack) {
  const std::string whole = Add("all of it");
  const std::string begun = Add("the beg", 100);
  const auto made = BackUp(data(), Beside("b"), {});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->files, 2U);
  EXPECT_EQ(made->file_bytes, 16U);
  EXPECT_THAT(made->warnings, IsEmpty());
  const auto restored = Restore(Beside("b"), Beside("d"), Damage::kRefuse, {});
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_THAT(restored->findings, IsEmpty());
  EXPECT_EQ(Content(Beside("d"), whole), "all of it");
  EXPECT_EQ(Content(Beside("d"), begun), "the beg");
  EXPECT_FALSE(fs::exists(Beside("d") / kRestoringName));
  EXPECT_TRUE(store::Database::Open(Beside("d") / kLedgerName));
}

TEST_F(BackupTest, TheNextOneLinksWhatIsTheSameAndDropsWhatIsGone) {
  const std::string stays = Add("stays");
  const std::string goes = Add("goes");
  const std::string grows = Add("gr", 4);
  ASSERT_TRUE(BackUp(data(), Beside("b"), {}));
  ASSERT_TRUE(uploads_->Delete(goes));
  const auto receiver = uploads_->Receive(grows, 2, std::nullopt, [] {});
  ASSERT_TRUE((*receiver)->Append(std::string("ow")));
  ASSERT_TRUE((*receiver)->Finish());
  const auto made = BackUp(data(), Beside("b"), {});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->files_taken_over, 1U);
  EXPECT_EQ(Content(Beside("b"), stays), "stays");
  EXPECT_EQ(Content(Beside("b"), goes), "none");
  EXPECT_EQ(Content(Beside("b"), grows), "grow");
  EXPECT_THAT(Verify(Beside("b"), {})->findings, IsEmpty());
}

TEST_F(BackupTest, AFileThatWasLostBeforeIsAWarning) {
  const std::string lost = Add("lost");
  const std::string kept = Add("kept");
  fs::remove(data() / kUploadsName / lost);
  const auto made = BackUp(data(), Beside("b"), {});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->warnings, ElementsAre(HasSubstr(lost)));
  EXPECT_EQ(made->files, 1U);
  EXPECT_EQ(Content(Beside("b"), kept), "kept");
}

TEST_F(BackupTest, ReplacesNothingButABackup) {
  ASSERT_TRUE(WriteFileAtomically(Beside("letter.txt"), "mine"));
  EXPECT_EQ(BackUp(data(), other_.path(), {}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(BackUp(data(), data(), {}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(BackUp(other_.path(), Beside("b"), {}).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(Beside("b")));
}

TEST_F(BackupTest, ACancelledOneLeavesTheOneBefore) {
  const std::string id = Add("here");
  ASSERT_TRUE(BackUp(data(), Beside("b"), {}));
  Add("another");
  std::stop_source stop;
  stop.request_stop();
  Watcher watcher;
  watcher.stop = stop.get_token();
  EXPECT_EQ(BackUp(data(), Beside("b"), watcher).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(Content(Beside("b"), id), "here");
  EXPECT_FALSE(fs::exists(Beside(".b.part")));
}

TEST_F(BackupTest, VerifyNamesEachFileThatIsNotAsItShouldBe) {
  const std::string missing = Add("missing");
  const std::string shorter = Add("shorter");
  const std::string other = Add("other");
  const fs::path uploads = data() / kUploadsName;
  fs::remove(uploads / missing);
  fs::resize_file(uploads / shorter, 3);
  ASSERT_TRUE(WriteFileAtomically(uploads / other, "OTHER"));
  ASSERT_TRUE(WriteFileAtomically(uploads / std::string(32, 'a'), "nobody's"));
  const auto verified = Verify(data(), {});
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(verified->is_ledger_sound);
  EXPECT_THAT(verified->findings,
              ::testing::UnorderedElementsAre(
                  ::testing::AllOf(HasSubstr(missing), HasSubstr("is missing")),
                  ::testing::AllOf(HasSubstr(shorter), HasSubstr("has 3 bytes, not 7")),
                  ::testing::AllOf(HasSubstr(other), HasSubstr("SHA-256")),
                  ::testing::AllOf(HasSubstr("aaaa"), HasSubstr("no upload"))));
}

TEST_F(BackupTest, VerifyTellsADamagedLedger) {
  ASSERT_TRUE(BackUp(data(), Beside("b"), {}));
  std::string bytes = *ReadFile(Beside("b") / kLedgerName, 1 << 24);
  for (size_t i = 4096; i < bytes.size(); ++i) bytes[i] = '\0';
  ASSERT_TRUE(WriteFileAtomically(Beside("b") / kLedgerName, bytes));
  const auto verified = Verify(Beside("b"), {});
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_FALSE(verified->is_ledger_sound);
  EXPECT_FALSE(verified->findings.empty());
  const auto restored = Restore(Beside("b"), Beside("d"), Damage::kTakeWhatIsThere, {});
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_FALSE(fs::exists(Beside("d") / kLedgerName));
}

TEST_F(BackupTest, RestoreTouchesNoDataThatIsThere) {
  ASSERT_TRUE(BackUp(data(), Beside("b"), {}));
  EXPECT_EQ(Restore(Beside("b"), data(), Damage::kRefuse, {}).error().code, ErrorCode::kConflict);
  fs::create_directory(Beside("locked"));
  const auto lock = store::ProcessLock::Take(Beside("locked") / kLockName);
  EXPECT_EQ(Restore(Beside("b"), Beside("locked"), Damage::kRefuse, {}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(Restore(data(), Beside("d"), Damage::kRefuse, {}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace verbatim::backup
