#include "store/impl/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/job_samples.h"
#include "store/revisions.h"
#include "store/settings.h"
#include "store/test_database.h"
#include "store/watched_files.h"
#include "store/webhooks.h"

namespace verbatim::store {
namespace {

using ::testing::HasSubstr;
using Steps = std::vector<std::string_view>;

// A file as an earlier version wrote it, as SQL.
std::string Dump(int version) {
  const std::string name = "tests/data/schema_" + std::to_string(version) + ".sql";
  const auto dump = ReadFile(std::filesystem::path(VERBATIM_ROOT) / name, 1 << 20);
  EXPECT_TRUE(dump) << name;
  return dump.value_or("");
}

class SchemaTest : public ::testing::Test {
 protected:
  SchemaTest() {
    auto opened = Connection::Open(path(), ConnectionKind::kWriting);
    EXPECT_TRUE(opened);
    connection_ = *std::move(opened);
  }
  std::filesystem::path path() const { return folder_.path() / "verbatim.db"; }
  std::string Ask(const std::string& sql) { return connection_->Query(sql).value_or("error"); }

  TemporaryFolder folder_;
  std::unique_ptr<Connection> connection_;
};

constexpr std::string_view kOne = "CREATE TABLE a (x); INSERT INTO a VALUES (1);";
constexpr std::string_view kTwo = "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;";
constexpr std::string_view kBroken = "UPDATE a SET y = 0; CREATE TABLE a (z);";

TEST_F(SchemaTest, GoesVersionByVersion) {
  ASSERT_TRUE(Migrate(*connection_, Steps{kOne}));
  EXPECT_EQ(Ask("PRAGMA user_version"), "1");
  ASSERT_TRUE(Migrate(*connection_, Steps{kOne, kTwo}));
  EXPECT_EQ(Ask("PRAGMA user_version"), "2");
  EXPECT_EQ(Ask("SELECT y FROM a"), "2");
  ASSERT_TRUE(Migrate(*connection_, Steps{kOne, kTwo}));
  EXPECT_EQ(CodeOfFailure(Migrate(*connection_, Steps{kOne})), ErrorCode::kConflict);
}

TEST_F(SchemaTest, AFailingStepLeavesTheVersionBefore) {
  const Result<void> done = Migrate(*connection_, Steps{kOne, kTwo, kBroken});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("to version 3"));
  EXPECT_EQ(Ask("PRAGMA user_version"), "2");
  EXPECT_EQ(Ask("SELECT y FROM a"), "2");
  ASSERT_TRUE(Migrate(*connection_, Steps{kOne, kTwo, kTwo.substr(kTwo.find("UPDATE"))}));
  EXPECT_EQ(Ask("PRAGMA user_version"), "3");
}

// Files that earlier versions wrote open for ever, and give what was put into them.
class OldFileTest : public SchemaTest, public ::testing::WithParamInterface<int> {};

TEST_P(OldFileTest, Opens) {
  ASSERT_TRUE(connection_->Execute(Dump(GetParam())));
  ASSERT_EQ(Ask("PRAGMA user_version"), std::to_string(GetParam()));
  connection_.reset();

  const auto database = Database::Open(path());
  ASSERT_TRUE(database) << database.error().message;
  const Result<void> read = (*database)->Read([](Connection& connection) -> Result<void> {
    const auto job = TRY(FindJob(connection, "job1"));
    EXPECT_EQ(job->state, JobState::kCompleted);
    EXPECT_EQ(job->transcript_key, "base/en");
    EXPECT_EQ(job->share, 0.5);
    EXPECT_EQ(TRY(FindUpload(connection, job->upload))->filename, "talk.mp4");
    EXPECT_EQ(TRY(FindTranscript(connection, "job1")), "{\"text\":\"hello world\"}");
    EXPECT_EQ(TRY(Search(connection, {.text = "hello"})).total, 1);
    EXPECT_EQ(TRY(WindowsOf(connection, "job2")).at(0).result, "{}");
    EXPECT_EQ(TRY(EventsKept(connection)).newest, 3);
    EXPECT_EQ(TRY(KeptBytes(connection)), GetParam() < 6 ? 1022U : 22U);
    if (GetParam() < 2) return {};
    EXPECT_EQ(TRY(NewestJobSamples(connection, 10)).at(0).peak_bytes, 300'000'000U);
    if (GetParam() < 3) return {};
    EXPECT_EQ(TRY(ChangedSettings(connection)).at(0).value, "4");
    EXPECT_EQ(TRY(SettingLog(connection, 10)).at(0).reason, "recommendation:low_memory");
    if (GetParam() < 4) return {};
    EXPECT_EQ(job->title, "A talk");
    EXPECT_EQ(job->tags, (std::vector<std::string>{"physics", "talks"}));
    EXPECT_EQ(TRY(NewestRevision(connection, "job1")), 1);
    EXPECT_EQ(TRY(Revisions(connection, "job1", INT64_MAX, 10)).at(0).summary, "typo");
    if (GetParam() < 6) return {};
    EXPECT_EQ(TRY(FindUpload(connection, "upload1"))->released_ms, 900);
    EXPECT_EQ(TRY(DueWebhooks(connection, 20'000, 10)).at(0).id, 7);
    EXPECT_TRUE(TRY(FindWatchedFile(connection, "talk.mp4"))->is_done);
    return {};
  });
  EXPECT_TRUE(read);
}

TEST_P(OldFileTest, HasTheTablesOfANewOne) {
  ASSERT_TRUE(Migrate(*connection_, Migrations()));
  constexpr const char* kTables =
      "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY type, name)";
  const std::string fresh = Ask(kTables);
  EXPECT_THAT(fresh, HasSubstr("CREATE TABLE jobs"));
  const TemporaryFolder other;
  const auto old = Connection::Open(other.path() / "old.db", ConnectionKind::kWriting);
  ASSERT_TRUE((*old)->Execute(Dump(GetParam())));
  ASSERT_TRUE(Migrate(**old, Migrations()));
  EXPECT_EQ((*old)->Query(kTables), fresh);
}

INSTANTIATE_TEST_SUITE_P(Versions, OldFileTest, ::testing::Range(1, 7));

}  // namespace
}  // namespace verbatim::store
