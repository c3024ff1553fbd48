// Disks that fail: whatever was said to be committed is there afterwards, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>
#include <random>

#include "store/impl/connection.h"
#include "store/revisions.h"
#include "store/test_database.h"
#include "store/test_disk.h"
#include "store/test_vfs.h"
#include "transcript/writers.h"

namespace verbatim::store {
namespace {

namespace fs = std::filesystem;

// Transactions of many kinds, one after another. Each leaves an event, whose type is its name.
std::vector<std::function<Result<void>(Connection&)>> Transactions() {
  return {
      [](Connection& c) { return InsertUpload(c, MakeUpload("u")); },
      [](Connection& c) { return InsertJob(c, MakeJob("a", "u")); },
      [](Connection& c) -> Result<void> {
        Job job = MakeJob("a", "u");
        job.state = JobState::kRunning;
        TRY_VOID(UpdateJob(c, job));
        return InsertWindow(c, "a", 0, {.index = 0, .result = std::string(9000, 'r')});
      },
      [](Connection& c) {
        const transcript::Transcript spoken = MakeTranscript({"hello", "world"});
        return PutTranscript(
            c, "a",
            transcript::Render(spoken, transcript::Format::kJson, {}, transcript::WordTimes::kOmit),
            spoken);
      },
      [](Connection& c) -> Result<void> {
        EditedTranscript edited = TRY(EditedTranscript::Open(c, "a"));
        TRY(edited.AddRevision({{1, 1, MakeTranscript({"earth"}).segments}}, {}));
        return {};
      },
      [](Connection& c) { return InsertJob(c, MakeJob("b", "u")); },
      [](Connection& c) { return DeleteJob(c, "a"); },
  };
}

std::string NameOf(size_t transaction) { return "transaction " + std::to_string(transaction); }

struct Outcome {
  bool is_open = false;
  std::vector<bool> committed;  // of each transaction, as far as it was tried
};

// Transactions that need what an earlier one failed to make fail too.
Outcome RunAll(const fs::path& path, std::unique_ptr<Database>& database) {
  Outcome outcome;
  auto opened = Database::Open(path);
  if (!opened) return outcome;
  outcome.is_open = true;
  database = *std::move(opened);
  const auto transactions = Transactions();
  for (size_t i = 0; i < transactions.size(); ++i) {
    const Result<void> done = database->Write([&](Connection& c) -> Result<void> {
      TRY_VOID(transactions[i](c));
      TRY(AppendEvent(c, {.type = NameOf(i), .job = {}, .data = "{}"}));
      return {};
    });
    outcome.committed.push_back(done.has_value());
  }
  return outcome;
}

// The transactions that a file holds, by their events; their rows agree with them.
std::vector<bool> Held(const fs::path& path, const std::string& what) {
  auto database = Database::Open(path);
  EXPECT_TRUE(database) << what << ": " << database.error().message;
  if (!database) return {};
  std::vector<bool> held(Transactions().size());
  const Result<void> done = (*database)->Write([&](Connection& c) -> Result<void> {
    int64_t last = 0;
    for (const Event& event : TRY(EventsAfter(c, 0, 100))) {
      EXPECT_EQ(event.id, ++last) << what;
      for (size_t i = 0; i < held.size(); ++i) held[i] = held[i] || event.type == NameOf(i);
    }
    EXPECT_EQ(TRY(FindUpload(c, "u")).has_value(), held[0]) << what;
    EXPECT_EQ(TRY(FindJob(c, "a")).has_value(), held[1] && !held[6]) << what;
    EXPECT_EQ(TRY(WindowsOf(c, "a")).size(), held[2] && !held[6] ? 1 : 0) << what;
    const bool has_transcript = held[3] && !held[6];
    EXPECT_EQ(TRY(FindTranscript(c, "a")).has_value(), has_transcript) << what;
    EXPECT_EQ(TRY(NewestRevision(c, "a")).value_or(0), has_transcript && held[4] ? 1 : 0) << what;
    EXPECT_EQ(TRY(Search(c, {.text = "world"})).total, has_transcript && !held[4] ? 1 : 0) << what;
    EXPECT_EQ(TRY(Search(c, {.text = "earth"})).total, has_transcript && held[4] ? 1 : 0) << what;
    EXPECT_EQ(TRY(FindJob(c, "b")).has_value(), held[5]) << what;
    TRY_VOID(c.Execute("INSERT INTO segments_text (segments_text) VALUES ('integrity-check')"));
    EXPECT_EQ(TRY(c.Query("PRAGMA integrity_check")), "ok") << what;
    EXPECT_EQ(TRY(c.Query("PRAGMA foreign_key_check")), "") << what;
    return {};
  });
  EXPECT_TRUE(done) << what << ": " << done.error().message;
  return held;
}

// The files as a crash of the process would leave them now.
void CopyFiles(const fs::path& from, const fs::path& to) {
  for (const char* ending : {"", "-wal", "-journal"}) {
    const fs::path file = from.string() + ending;
    if (fs::exists(file)) fs::copy_file(file, to.string() + ending);
  }
}

enum class Mode { kOnce, kOnceFull, kForEver };

class FailureTest : public ::testing::TestWithParam<Mode> {};

TEST_P(FailureTest, TheNthOperationFails) {
  int failures_seen = 0;
  bool is_reached = true;
  for (int n = 1; is_reached; ++n) {
    const std::string what = "operation " + std::to_string(n);
    const TemporaryFolder folder;
    const fs::path path = folder.path() / "verbatim.db";
    int count = 0;
    bool is_failing = true;
    TestVfs vfs([&](const FileOperation& operation) {
      ++count;
      const bool fails = is_failing && (GetParam() == Mode::kForEver ? count >= n : count == n);
      if (!fails) return SQLITE_OK;
      const bool is_full = GetParam() == Mode::kOnceFull && operation.kind == FileOperation::kWrite;
      return is_full ? SQLITE_FULL : CodeOf(operation.kind);
    });
    std::unique_ptr<Database> database;
    const Outcome outcome = RunAll(path, database);
    is_reached = count >= n;
    is_failing = false;
    CopyFiles(path, folder.path() / "crashed.db");
    database.reset();

    std::vector<bool> committed = outcome.committed;
    committed.resize(Transactions().size());
    EXPECT_EQ(Held(path, what), committed) << what;
    std::vector<bool> crashed = Held(folder.path() / "crashed.db", what + ", crashed");
    if (GetParam() == Mode::kForEver) {
      // A disk that never again does anything keeps what it could not confirm: the first
      // transaction that failed may be there after a crash, or not.
      const auto first = std::ranges::find(committed, false) - committed.begin();
      if (first < std::ssize(crashed)) crashed[static_cast<size_t>(first)] = false;
    }
    EXPECT_EQ(crashed, committed) << what << ", crashed";
    if (std::ranges::count(committed, false) > 0) ++failures_seen;
    if (HasFailure()) break;
  }
  EXPECT_GT(failures_seen, 10);
}

INSTANTIATE_TEST_SUITE_P(Modes, FailureTest,
                         ::testing::Values(Mode::kOnce, Mode::kOnceFull, Mode::kForEver),
                         [](const auto& tested) {
                           return std::string(tested.param == Mode::kOnce       ? "Once"
                                              : tested.param == Mode::kOnceFull ? "OnceFull"
                                                                                : "ForEver");
                         });

TEST(FullDisk, IsSaidAndPasses) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "verbatim.db";
  std::atomic<bool> is_full = false;
  TestVfs vfs([&](const FileOperation& operation) {
    return is_full && operation.kind == FileOperation::kWrite ? SQLITE_FULL : SQLITE_OK;
  });
  const auto database = *Database::Open(path);
  const auto insert = [&](const std::string& id) {
    return database->Write([&](Connection& c) { return InsertUpload(c, MakeUpload(id)); });
  };
  ASSERT_TRUE(insert("before"));
  is_full = true;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(CodeOfFailure(insert("during")), ErrorCode::kOutOfSpace);
    EXPECT_TRUE(*database->Read([](Connection& c) { return FindUpload(c, "before"); }));
  }
  is_full = false;
  EXPECT_TRUE(insert("after"));
  EXPECT_FALSE(*database->Read([](Connection& c) { return FindUpload(c, "during"); }));
}

TEST(PowerLoss, LosesNothingCommitted) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const TemporaryFolder folder;
  FragileDisk disk(random);
  std::atomic<int> committed = 0;  // uploads 0, 1, 2 ...
  std::vector<int> committed_at;   // of each loss
  int operations = 0;
  int checkpointed = 0;  // pages
  const auto folder_of = [&](size_t loss) { return folder.path() / std::to_string(loss); };
  bool is_over = false;
  TestVfs vfs([&](const FileOperation& operation) {
    if (is_over) return SQLITE_OK;
    // Many at first, when the file is made, and fewer later.
    if (random() % (operations++ < 40 ? 4 : 30) == 0) {
      disk.LosePower(folder.path(), folder_of(committed_at.size()));
      committed_at.push_back(committed);
    }
    if (operation.kind == FileOperation::kWrite && operation.path.ends_with(".db")) ++checkpointed;
    disk.Note(operation);
    disk.SyncNames(folder.path());  // SQLite does so itself
    return SQLITE_OK;
  });
  {
    const auto database = *Database::Open(folder.path() / "verbatim.db");
    for (; committed < 150; ++committed) {
      Upload upload = MakeUpload(std::to_string(committed));
      upload.metadata.assign(random() % 2 == 0 ? 60'000 : 10, 'm');  // some need checkpoints
      ASSERT_TRUE(database->Write([&](Connection& c) { return InsertUpload(c, upload); }));
    }
    EXPECT_GT(checkpointed, 500) << "while it is in use";
  }
  is_over = true;
  ASSERT_GT(committed_at.size(), 20u);
  for (size_t loss = 0; loss < committed_at.size(); ++loss) {
    const auto database = Database::Open(folder_of(loss) / "verbatim.db");
    ASSERT_TRUE(database) << "loss " << loss << ": " << database.error().message;
    const auto uploads = (*database)->Read([](Connection& c) { return AllUploads(c); });
    ASSERT_TRUE(uploads);
    const int count = static_cast<int>(uploads->size());
    EXPECT_GE(count, committed_at[loss]) << "loss " << loss;
    EXPECT_LE(count, committed_at[loss] + 1) << "loss " << loss;
    for (int i = 0; i < count; ++i) EXPECT_EQ((*uploads)[size_t(i)].id, std::to_string(i));
  }
}

}  // namespace
}  // namespace verbatim::store
