// The process is killed at any moment, again and again, on one file that grows.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <thread>

#include "store/impl/connection.h"
#include "store/test_database.h"

namespace verbatim::store {
namespace {

// One transaction over all tables: an upload, its job with a transcript, and the end of an old one.
Result<void> WriteOne(Connection& connection, const std::string& id) {
  TRY_VOID(InsertUpload(connection, MakeUpload("upload_" + id)));
  TRY_VOID(InsertJob(connection, MakeJob(id, "upload_" + id)));
  TRY_VOID(PutTranscript(connection, id, std::string(5000, 'j'), MakeTranscript({"word " + id})));
  TRY(AppendEvent(connection, {.type = "job", .job = id, .data = "{}"}));
  return {};
}

// What the killed process runs: writes and reports until it dies. Reports are ids, 16 bytes each.
[[noreturn]] void WriteUntilKilled(const std::filesystem::path& path, int round, int report) {
  auto database = Database::Open(path);
  if (!database) _exit(1);
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 2; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0;; ++i) {
        const std::string id = fmt::format("{:04}-{}-{:09}", round, writer, i);
        const Result<void> done =
            (*database)->Write([&](Connection& c) { return WriteOne(c, id); });
        if (!done || write(report, id.data(), 16) != 16) _exit(2);
      }
    });
  }
  writers.clear();
  _exit(3);
}

class CrashTest : public ::testing::Test {
 protected:
  // Kills the process after so many reports and microseconds; returns all that it reported.
  std::vector<std::string> RunAndKill(int round, unsigned reports_min, unsigned wait_us) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    std::fflush(stdout);  // or the child would print it again
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      WriteUntilKilled(path(), round, ends[1]);
    }
    close(ends[1]);
    std::vector<std::string> reported;
    char id[16];
    while (read(ends[0], id, sizeof(id)) == sizeof(id)) {
      reported.emplace_back(id, sizeof(id));
      if (reported.size() == reports_min) {
        usleep(wait_us);  // not to wait for something: the moment of the kill is to be any
        kill(child, SIGKILL);
      }
    }
    close(ends[0]);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << status;
    return reported;
  }

  std::filesystem::path path() const { return folder_.path() / "verbatim.db"; }
  TemporaryFolder folder_;
};

TEST_F(CrashTest, NothingReportedIsLost) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::string> reported;
  for (int round = 0; round < 30; ++round) {
    const auto reports = static_cast<unsigned>(1 + random() % 10);
    const auto wait_us = static_cast<unsigned>(random() % 5000);
    for (std::string& id : RunAndKill(round, reports, wait_us)) reported.push_back(std::move(id));

    const auto database = Database::Open(path());
    ASSERT_TRUE(database) << database.error().message;
    const Result<void> checked = (*database)->Write([&](Connection& c) -> Result<void> {
      const int64_t found = TRY(Search(c, {.text = "word"})).total;
      const EventRange range = TRY(EventsKept(c));
      // Two threads wrote: each may have committed one that it had no time to report.
      EXPECT_GE(found, std::ssize(reported));
      EXPECT_LE(found, std::ssize(reported) + int64_t{2} * (round + 1));
      EXPECT_EQ(range.newest, found) << "each transaction has all of its parts";
      EXPECT_EQ(std::ssize(TRY(EventsAfter(c, 0, SIZE_MAX))), range.newest) << "no gaps";
      for (const std::string& id : reported) {
        EXPECT_TRUE(TRY(FindJob(c, id))) << id;
        EXPECT_TRUE(TRY(FindTranscript(c, id))) << id;
      }
      TRY_VOID(c.Execute("INSERT INTO segments_text (segments_text) VALUES ('integrity-check')"));
      EXPECT_EQ(TRY(c.Query("PRAGMA integrity_check")), "ok");
      return {};
    });
    ASSERT_TRUE(checked) << checked.error().message;
    if (HasFailure()) return;
  }
  EXPECT_GT(reported.size(), 100u);
}

}  // namespace
}  // namespace verbatim::store
