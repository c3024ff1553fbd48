// Clients, crashes, failing writes and a changing number of workers at random, on one thread, so
// that a seed gives the same run again, bit for bit; and servers that are really killed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <thread>

#include "jobs/test_server.h"
#include "tests/seeds.h"
#include "tests/system_calls.h"

namespace verbatim::jobs {
namespace {

using store::Job;
using store::JobState;
using Step = JobCenter::Step;

std::string Expected(size_t windows, unsigned seed) {
  const std::string bytes = Speech(windows, seed);
  std::string text;
  for (size_t i = 0; i < windows; ++i) {
    if (i > 0) text += ' ';
    text += bytes.substr(i * kFakeWindowBytes, kFakeWindowBytes);
    text += '.';
  }
  return text;
}

class Simulation {
 public:
  Simulation(const std::filesystem::path& folder, unsigned seed)
      : random_(seed),
        names_(seed),
        folder_(folder.string()),
        server_(folder, {.limits = {.runners = 2}, .crashes_max = 4, .memory = [this] {
                           return memory_;
                         }}) {
    server_.script().cost = {200 * kMegabyte, 30 * kMegabyte, 5 * kMegabyte};
    FreeMemory();
    server_.script().on_window = [this](const std::string&, int64_t, const std::stop_token&) {
      DuringAWindow();
    };
  }

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      Act();
      CheckPool();
    }
    // The storm is over: all that is left gets done.
    server_.script().on_window = nullptr;
    FreeMemory();
    if (is_abandoned_) Crash();
    for (int i = 0; i < 1000 && server_.jobs().RunNext() == Step::kRan; ++i) server_.jobs().Tick();
    server_.clock().Advance(1'000'000);
    server_.jobs().Tick();
    while (server_.jobs().RunNext() == Step::kRan) continue;
    CheckAll();
    CheckPool();
    server_.engines().ReleaseIdle();
    EXPECT_EQ(server_.script().alive, 0) << "an engine that nobody has stays";
  }

  // All that was said and stored, without the name of the folder.
  std::string Account() {
    std::string account;
    for (const std::string& line : server_.log().With("")) account += line + '\n';
    for (const auto& [id, submission] : submitted_) {
      for (const store::Event& event : server_.Events(id)) account += event.data + '\n';
      account += server_.TranscriptJson(id);
    }
    for (size_t at = 0; (at = account.find(folder_)) != account.npos;) {
      account.erase(at, folder_.size());
    }
    return account;
  }

 private:
  static constexpr uint64_t kMegabyte = 1'000'000;

  struct Submission {
    size_t windows = 0;
    unsigned seed = 0;
    bool is_reusing = true;
  };

  int Pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }

  std::string AnyJob() {
    if (submitted_.empty()) return "none";
    return std::next(submitted_.begin(), Pick(static_cast<int>(submitted_.size())))->first;
  }

  void Act() {
    if (is_abandoned_) Crash();
    switch (Pick(10)) {
      case 0:
      case 1:
      case 2: return Submit();
      case 3: return Ask();
      case 4:
        if (Pick(3) == 0) Crash();
        return;
      case 5: server_.clock().Advance(Pick(20'000)); return server_.jobs().Tick();
      case 6: return Resize();
      default: static_cast<void>(server_.jobs().RunNext());
    }
  }

  void FreeMemory() { memory_ = {.available_bytes = 100'000 * kMegabyte}; }

  // What the machine does to the pool: other shapes, fewer models, less memory.
  void Resize() {
    switch (Pick(5)) {
      case 0: return server_.engines().Resize(Pick(4), Pick(5));
      case 1: return server_.engines().SetLoadedMax(static_cast<size_t>(Pick(4)));
      case 2:
        server_.engines().ReleaseIdle();
        for (const LoadedModel& model : server_.engines().Loaded()) EXPECT_GT(model.users, 0);
        return;
      case 3:
        memory_.available_bytes = static_cast<uint64_t>(Pick(1000)) * kMegabyte;
        memory_.is_closed = Pick(4) == 0;
        return;
      default: return FreeMemory();
    }
  }

  // No engine is lost or kept twice, and those who have one are the jobs that run.
  void CheckPool() {
    int users = 0;
    const std::vector<LoadedModel> loaded = server_.engines().Loaded();
    for (const LoadedModel& model : loaded) {
      EXPECT_TRUE(model.is_loaded);
      EXPECT_GT(model.workers, 0);
      EXPECT_GT(model.batch, 0);
      users += model.users;
    }
    EXPECT_EQ(static_cast<int>(loaded.size()), server_.script().alive);
    EXPECT_EQ(users, runs_);
  }

  void Submit() {
    server_.database().FailAfter(-1);  // what clients ask succeeds; what runners write may fail
    const Submission submission{static_cast<size_t>(Pick(6)), static_cast<unsigned>(Pick(4)),
                                Pick(2) == 0};
    JobRequest request;
    request.upload = server_.Upload(Speech(submission.windows, submission.seed));
    request.priority = Pick(21) - 10;
    if (Pick(3) == 0) request.options.model = Pick(2) == 0 ? "tiny.en" : "small";
    request.options.is_reusing = submission.is_reusing;
    if (Pick(4) == 0) request.idempotency_key = fmt::format("key{}", Pick(3));
    const Result<Submitted> submitted = server_.jobs().Submit(request);
    if (!submitted) {
      EXPECT_EQ(submitted.error().code, is_abandoned_ ? ErrorCode::kBusy : ErrorCode::kConflict);
      return;
    }
    const bool is_new = submitted_.emplace(submitted->job.id, submission).second;
    EXPECT_EQ(is_new, !submitted->is_repeat);
  }

  // What a client may ask of any job at any time.
  void Ask() {
    server_.database().FailAfter(-1);
    const std::string id = AnyJob();
    switch (Pick(4)) {
      case 0: return Note(server_.jobs().Cancel(id));
      case 1: return Note(server_.jobs().Retry(id));
      case 2: return Note(server_.jobs().Change(id, {.priority = Pick(21) - 10}));
      default:
        const Result<void> deleted = server_.jobs().Delete(id);
        if (deleted) submitted_.erase(id);
        return Note(deleted);
    }
  }

  template <typename T>
  void Note(const Result<T>& result) {
    if (result) return;
    EXPECT_TRUE(result.error().code == ErrorCode::kConflict ||
                result.error().code == ErrorCode::kNotFound)
        << result.error().message;
  }

  // Another job runs beside the one whose window this is, if its turn has come.
  void DuringAWindow() {
    ++runs_;
    CheckPool();
    Disturb();
    --runs_;
  }

  void Disturb() {
    switch (Pick(18)) {
      case 0: return Ask();
      case 1: return Submit();
      case 2:
        server_.jobs().Abandon();
        is_abandoned_ = true;
        return;
      case 3: server_.clock().Advance(Pick(700'000)); return server_.jobs().Tick();
      case 4: server_.clock().Advance(Pick(2000)); return;
      case 5: server_.database().FailAfter(Pick(3)); return;
      case 6: return Resize();
      case 7: static_cast<void>(server_.jobs().RunNext()); return;
      default: return;
    }
  }

  void Crash() {
    server_.database().FailAfter(-1);
    server_.Crash();
    is_abandoned_ = false;
  }

  void CheckAll() {
    for (const auto& [id, submission] : submitted_) {
      ASSERT_TRUE(server_.Exists(id)) << "a job is lost";
      const Job job = server_.Find(id);
      EXPECT_TRUE(IsFinal(job.state)) << JobStateName(job.state);
      EXPECT_EQ(job.owner, "");
      std::map<std::string, int> ends;
      for (const store::Event& event : server_.Events(id)) {
        if (event.type != "job") continue;
        if (event.data.find(R"("state":"completed")") != std::string::npos) ++ends["completed"];
      }
      if (job.state == JobState::kCompleted) {
        EXPECT_EQ(server_.Text(id), Expected(submission.windows, submission.seed));
        EXPECT_EQ(ends["completed"], 1) << "told twice";
        EXPECT_TRUE(server_.Windows(id).empty());
        EXPECT_TRUE(submission.is_reusing || job.reused_from.empty());
      } else {
        EXPECT_EQ(ends["completed"], 0);
        EXPECT_EQ(server_.TranscriptJson(id), "");
        EXPECT_TRUE(job.state == JobState::kCancelled || job.error_code == "timeout" ||
                    job.error_code == "poison")
            << JobStateName(job.state) << " " << job.error_code;
      }
    }
    std::set<std::string> lines;
    for (const std::string& line : server_.log().With(" computed")) {
      EXPECT_TRUE(lines.insert(line).second) << line << " twice";
    }
  }

  std::mt19937 random_;
  SeededChance names_;
  ListeningToSystemCalls listening_{names_};
  const std::string folder_;
  MemoryNow memory_;
  int runs_ = 0;  // at work now
  TestServer server_;
  std::map<std::string, Submission> submitted_;
  bool is_abandoned_ = false;
};

std::string Simulate(unsigned seed) {
  const TestFolder folder;
  Simulation simulation(folder.path(), seed);
  simulation.Run(40);
  return simulation.Account();
}

// In several parts, which run at the same time (tests/seeds.h).
class SeedsTest : public testing::TestWithParam<unsigned> {};
constexpr unsigned kParts = 4;
constexpr unsigned kSeeds = 200;

TEST_P(SeedsTest, NoJobIsLostAndNothingIsDoneTwice) {
  RunSeeds(SeedsOf(GetParam(), kParts, kSeeds), Simulate);
}

INSTANTIATE_TEST_SUITE_P(Simulation, SeedsTest, testing::Range(0U, kParts));

TEST(SimulationTest, ASeedGivesTheSameRunAgain) { ExpectTheSameRunAgain(Simulate); }

// For every n: the n-th write of a run fails. The job is done all the same, once.
TEST(SimulationTest, AnyWriteMayFail) {
  for (int n = 0;; ++n) {
    SCOPED_TRACE(fmt::format("write {}", n));
    const TestFolder folder;
    TestServer server(folder.path(), {.limits = {.runners = 1}});
    const Job job = server.Submit(server.Upload(Speech(4)));
    server.database().FailAfter(n);
    for (int i = 0; i < 10 && !IsFinal(server.Find(job.id).state); ++i) {
      static_cast<void>(server.jobs().RunNext());
      server.clock().Advance(30'000);
      server.jobs().Tick();
    }
    EXPECT_EQ(server.Find(job.id).state, JobState::kCompleted);
    EXPECT_EQ(server.Text(job.id), Expected(4, 0));
    EXPECT_EQ(server.log().With(" computed").size(), 4U);
    EXPECT_EQ(server.Find(job.id).crashes, 0);
    if (!server.database().has_failed() || testing::Test::HasFailure()) break;
    ASSERT_LT(n, 100);
  }
}

// A server in a process of its own that dies at some moment, whatever it is at.
void ServeUntilKilled(const std::filesystem::path& folder, int micros) {
  TestServer server(folder, {.limits = {.runners = 3}, .crashes_max = 1000});
  server.log().CopyTo(folder / "log.txt");
  server.jobs().Start();
  std::thread([micros] {
    std::this_thread::sleep_for(std::chrono::microseconds(micros));
    _exit(0);
  }).join();
}

TEST(KillTest, ServersThatAreKilledLoseNothingAndDoNothingTwice) {
  const TestFolder folder;
  std::vector<std::string> ids;
  {
    TestServer server(folder.path());
    for (unsigned i = 0; i < 12; ++i) {
      ids.push_back(server.Submit(server.Upload(Speech(20, i))).id);
    }
  }
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  for (int kill = 0; kill < 20; ++kill) {
    const int micros = std::uniform_int_distribution<int>(0, 30'000)(random);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ServeUntilKilled(folder.path(), micros);
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  TestServer server(folder.path(), {.limits = {.runners = 1}, .crashes_max = 1000});
  server.log().CopyTo(folder.path() / "log.txt");
  while (server.jobs().RunNext() == Step::kRan) continue;
  for (unsigned i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(server.Find(ids[i]).state, JobState::kCompleted);
    EXPECT_EQ(server.Text(ids[i]), Expected(20, i));
    int ends = 0;
    for (const store::Event& event : server.Events(ids[i])) {
      ends += event.data.find(R"("state":"completed")") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(ends, 1);
  }
  std::ifstream log(folder.path() / "log.txt");
  std::set<std::string> computed;
  for (std::string line; std::getline(log, line);) {
    if (line.find(" computed") == std::string::npos) continue;
    EXPECT_TRUE(computed.insert(line).second) << line << " twice";
  }
}

}  // namespace
}  // namespace verbatim::jobs
