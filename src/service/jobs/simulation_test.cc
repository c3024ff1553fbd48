// Clients, crashes and failing writes at random, on one thread, so that a seed gives the same run
// again; and servers that are really killed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <thread>

#include "jobs/test_server.h"

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
      : random_(seed), server_(folder, {.limits = {.runners = 1}, .crashes_max = 4}) {
    server_.script().on_window = [this](const std::string&, int64_t, const std::stop_token&) {
      DuringAWindow();
    };
  }

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) Act();
    // The storm is over: all that is left gets done.
    server_.script().on_window = nullptr;
    if (is_abandoned_) Crash();
    for (int i = 0; i < 1000 && server_.jobs().RunNext() == Step::kRan; ++i) server_.jobs().Tick();
    server_.clock().Advance(1'000'000);
    server_.jobs().Tick();
    while (server_.jobs().RunNext() == Step::kRan) continue;
    CheckAll();
  }

 private:
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
      default: static_cast<void>(server_.jobs().RunNext());
    }
  }

  void Submit() {
    server_.database().FailAfter(-1);  // what clients ask succeeds; what runners write may fail
    const Submission submission{static_cast<size_t>(Pick(6)), static_cast<unsigned>(Pick(4)),
                                Pick(2) == 0};
    JobRequest request;
    request.upload = server_.Upload(Speech(submission.windows, submission.seed));
    request.priority = Pick(21) - 10;
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

  void DuringAWindow() {
    switch (Pick(14)) {
      case 0: return Ask();
      case 1: return Submit();
      case 2:
        server_.jobs().Abandon();
        is_abandoned_ = true;
        return;
      case 3: server_.clock().Advance(Pick(700'000)); return server_.jobs().Tick();
      case 4: server_.clock().Advance(Pick(2000)); return;
      case 5: server_.database().FailAfter(Pick(3)); return;
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
  TestServer server_;
  std::map<std::string, Submission> submitted_;
  bool is_abandoned_ = false;
};

// In several parts, which run at the same time. VERBATIM_SEED runs one seed alone.
class SeedsTest : public testing::TestWithParam<unsigned> {};

TEST_P(SeedsTest, NoJobIsLostAndNothingIsDoneTwice) {
  constexpr unsigned kSeeds = 50;
  const char* given = std::getenv("VERBATIM_SEED");
  const unsigned first =
      given != nullptr ? static_cast<unsigned>(std::atoi(given)) : GetParam() * kSeeds;
  for (unsigned seed = first; seed < first + (given != nullptr ? 1 : kSeeds); ++seed) {
    SCOPED_TRACE(fmt::format("VERBATIM_SEED={}", seed));
    const TestFolder folder;
    Simulation(folder.path(), seed).Run(40);
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Simulation, SeedsTest, testing::Range(0U, 4U));

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
