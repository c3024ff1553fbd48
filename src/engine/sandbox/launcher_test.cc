// Processes that are started, locked up, talk, and end in every way.
#include "sandbox/launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <thread>
#include <vector>

#include "base/system_text.h"
#include "sandbox/impl/build.h"
#include "sandbox/impl/system_calls.h"
#include "sandbox/impl/trial.h"

namespace verbatim::sandbox {
namespace {

using Outcome = Child::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{20};

[[noreturn]] void Spin() {
  for (volatile uint64_t turns = 0;;) turns = turns + 1;
}

void Crash() {
  volatile int* volatile nowhere = nullptr;  // else the write may be left out
  *nowhere = 1;
}

// Maps memory until it is refused.
void Eat() {
  constexpr size_t kPieceBytes = 16 << 20;
  for (;;) {
    auto* volatile piece = static_cast<char*>(::operator new(kPieceBytes));
    piece[0] = 'x';
  }
}

// What the processes of these tests can be told to do.
void Obey(Channel& channel, std::optional<int> input) {
  while (const auto message = channel.Receive()) {
    const std::string word(message->substr(0, message->find(' ')));
    if (word == "spin") Spin();
    if (word == "crash") Crash();
    if (word == "eat") Eat();
    if (word == "exit") _exit(7);
    if (word == "leave") return;
    if (word == "big") channel.Send(std::string(kMessageBytesMax + 1, 'x'));
    if (word == "attempt") {
      size_t number = 0;
      const std::string_view digits = message->substr(word.size() + 1);
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
      const long result = Attempts()[number].make();
      channel.Send(result < 0 && errno == kRefusalError ? "refused" : "done");
    }
    if (word == "read") {
      std::string bytes(5, '?');
      const ssize_t got = pread(*input, bytes.data(), bytes.size(), 2);
      channel.Send(got == 5 ? bytes : "nothing");
    }
    if (word == "echo") channel.Send(std::string(*message));
  }
}

std::unique_ptr<Launcher> Start() {
  auto launcher = Launcher::Start({.work = Obey});
  EXPECT_TRUE(launcher) << launcher.error().message;
  return *std::move(launcher);
}

Child Launch(Launcher& launcher, const LaunchOptions& options = {}) {
  auto child = launcher.Launch(options);
  EXPECT_TRUE(child) << child.error().message;
  return *std::move(child);
}

void Tell(Child& child, const std::string& words) {
  EXPECT_EQ(child.Send(words, kPatience, {}), Outcome::kMessage);
}

// How a process ends after these words.
End EndAfter(Launcher& launcher, const std::string& words, const LaunchOptions& options = {}) {
  Child child = Launch(launcher, options);
  Tell(child, words);
  EXPECT_EQ(child.Receive(kPatience, {}).outcome, Outcome::kClosed) << words;
  return child.AwaitEnd(kPatience);
}

// Processes whose parent is `parent`, from /proc/PID/stat. Those of others come and go meanwhile.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string text = ReadText(entry.path() / "stat").value_or("");
    const size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) continue;
    if (std::atoi(text.c_str() + name_end + 4) == parent) {
      children.push_back(std::atoi(name.c_str()));
    }
  }
  return children;
}

bool Becomes(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

TEST(Sandbox, HasWhatIsRequiredHere) {
  const auto launcher = Start();
  const auto report = launcher->report();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(CheckRequired(*report)) << CheckRequired(*report).error().message;
  EXPECT_TRUE(report->IsActive(Layer::kProcess));
  EXPECT_TRUE(report->IsActive(Layer::kLimits));
  EXPECT_TRUE(report->IsActive(Layer::kCapabilities));
  for (const LayerState& state : report->layers) {
    EXPECT_EQ(state.is_active, state.reason.empty()) << LayerName(state.layer);
  }
}

TEST(Sandbox, SaysWhatIsMissing) {
  LayerReport report = UnusableReport("no such thing");
  ASSERT_FALSE(CheckRequired(report));
  EXPECT_THAT(CheckRequired(report).error().message, ::testing::HasSubstr("no such thing"));
  for (LayerState& state : report.layers) state.is_active = true;
  EXPECT_TRUE(CheckRequired(report));
  report.leak = "opening a file";
  ASSERT_FALSE(CheckRequired(report));
  EXPECT_THAT(CheckRequired(report).error().message, ::testing::HasSubstr("opening a file"));
}

TEST(Sandbox, TakesNoKillingFromOutsideForALeak) {
  EXPECT_EQ(JudgeEnd(W_EXITCODE(0, SIGSYS)), Verdict::kHeld);
  EXPECT_EQ(JudgeEnd(W_EXITCODE(0, 0)), Verdict::kLeaked);
  EXPECT_EQ(JudgeEnd(W_EXITCODE(0, SIGKILL)), Verdict::kUnknown);
  EXPECT_EQ(JudgeEnd(W_EXITCODE(1, 0)), Verdict::kUnknown);
  EXPECT_EQ(JudgeEnd(-1), Verdict::kUnknown) << "no process could be started";
}

TEST(Sandbox, CarriesMessagesBothWays) {
  const auto launcher = Start();
  Child child = Launch(*launcher);
  for (const size_t size : {size_t{1}, size_t{1000}, kMessageBytesMax - 5}) {
    const std::string words = "echo " + std::string(size, 'x');
    Tell(child, words);
    const auto received = child.Receive(kPatience, {});
    ASSERT_EQ(received.outcome, Outcome::kMessage);
    EXPECT_TRUE(received.message == words);
  }
  Tell(child, "leave");
  EXPECT_EQ(child.Receive(kPatience, {}).outcome, Outcome::kClosed);
  const End end = child.AwaitEnd(kPatience);
  EXPECT_EQ(end.kind, End::Kind::kExit);
  EXPECT_EQ(end.value, 0);
}

TEST(Sandbox, PassesTheInputOn) {
  const auto launcher = Start();
  std::FILE* file = std::tmpfile();
  std::fputs("0123456789", file);
  std::fflush(file);
  Child child = Launch(*launcher, {.input = fileno(file)});
  Tell(child, "read");
  EXPECT_EQ(child.Receive(kPatience, {}).message, "23456");
  std::fclose(file);
}

TEST(Sandbox, TellsHowAProcessEnded) {
  const auto launcher = Start();
  const End exit = EndAfter(*launcher, "exit");
  EXPECT_EQ(exit.kind, End::Kind::kExit);
  EXPECT_EQ(exit.value, 7);
  const End crash = EndAfter(*launcher, "crash");
  if (kIsSanitized) return;  // which turn a crash into an exit
  EXPECT_EQ(crash.kind, End::Kind::kSignal);
  EXPECT_EQ(crash.value, SIGSEGV);
}

TEST(Sandbox, EndsWhatTakesTooMuchTime) {
  const auto launcher = Start();
  const End end = EndAfter(*launcher, "spin", {.cpu_seconds = 1});
  EXPECT_EQ(end.kind, End::Kind::kSignal);
  EXPECT_GE(end.cpu_time, milliseconds(500));
  EXPECT_LT(end.cpu_time, seconds(4));
}

TEST(Sandbox, EndsWhatTakesTooMuchMemory) {
  if (kIsSanitized) GTEST_SKIP() << "sanitizers need all of the address space";
  const auto launcher = Start();
  const End end = EndAfter(*launcher, "eat", {.memory_bytes = 100 << 20});
  EXPECT_EQ(end.kind, End::Kind::kExit);
  EXPECT_EQ(end.value, kExitOutOfMemory);
}

TEST(Sandbox, LetsNothingThrough) {
  const auto launcher = Start();
  if (!launcher->report()->IsActive(Layer::kSystemCalls)) GTEST_SKIP() << "no seccomp";
  EXPECT_GE(Attempts().size(), 30U);
  size_t killed = 0;
  for (size_t i = 0; i < Attempts().size(); ++i) {
    SCOPED_TRACE(Attempts()[i].name);
    Child child = Launch(*launcher);
    Tell(child, "attempt " + std::to_string(i));
    const auto received = child.Receive(kPatience, {});
    if (received.outcome == Outcome::kMessage) {
      EXPECT_EQ(received.message, "refused");
      continue;
    }
    const End end = child.AwaitEnd(kPatience);
    EXPECT_EQ(end.kind, End::Kind::kSignal);
    EXPECT_EQ(end.value, SIGSYS);
    ++killed;
  }
  EXPECT_GE(killed, Attempts().size() - 4);  // opening a path only fails
}

TEST(Sandbox, TakesNoMessageThatIsTooLong) {
  const auto launcher = Start();
  Child child = Launch(*launcher);
  Tell(child, "big");
  EXPECT_EQ(child.Receive(kPatience, {}).outcome, Outcome::kTooLong);
}

TEST(Sandbox, WaitsNoLongerThanAskedTo) {
  const auto launcher = Start();
  Child child = Launch(*launcher);
  EXPECT_EQ(child.Receive(milliseconds(30), {}).outcome, Outcome::kLate);
  Tell(child, "spin");
  // Nobody reads any more: at last the connection is full.
  Outcome outcome = Outcome::kMessage;
  while (outcome == Outcome::kMessage) {
    outcome = child.Send(std::string(kMessageBytesMax, 'x'), milliseconds(30), {});
  }
  EXPECT_EQ(outcome, Outcome::kLate);
}

TEST(Sandbox, StopsWaitingWhenAsked) {
  const auto launcher = Start();
  Child child = Launch(*launcher);
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(child.Receive(kPatience, stop.get_token()).outcome, Outcome::kStopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
}

TEST(Sandbox, LeavesNothingBehind) {
  const auto launcher = Start();
  launcher->report();
  const std::vector<pid_t> zygotes = ChildrenOf(getpid());
  ASSERT_EQ(zygotes.size(), 1U);
  {
    std::vector<Child> children;
    for (int i = 0; i < 10; ++i) {
      children.push_back(Launch(*launcher));
      Tell(children.back(), i % 2 == 0 ? "spin" : "leave");
    }
    EXPECT_TRUE(Becomes([&] { return ChildrenOf(zygotes[0]).size() == 5; }));
  }
  EXPECT_TRUE(Becomes([&] { return ChildrenOf(zygotes[0]).empty(); }));
}

TEST(Sandbox, LetsTheKernelEndItFirst) {
  const auto launcher = Start();
  Child child = Launch(*launcher);
  Tell(child, "echo");
  EXPECT_EQ(child.Receive(kPatience, {}).outcome, Outcome::kMessage);
  const auto score = [](pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/oom_score_adj");
    int found = -1;
    file >> found;
    return found;
  };
  const pid_t zygote = ChildrenOf(getpid()).at(0);
  EXPECT_EQ(score(zygote), score(getpid()));
  EXPECT_EQ(score(ChildrenOf(zygote).at(0)), 1000);
}

TEST(Sandbox, EndsWithItsLauncher) {
  auto launcher = Start();
  Child child = Launch(*launcher);
  Tell(child, "spin");
  launcher.reset();
  EXPECT_TRUE(ChildrenOf(getpid()).empty());
  EXPECT_EQ(child.Receive(kPatience, {}).outcome, Outcome::kClosed);
}

TEST(Sandbox, EndsAlsoWhereItsZygoteStandsStill) {
  auto launcher = Start();
  launcher->report();
  kill(ChildrenOf(getpid()).at(0), SIGSTOP);
  launcher.reset();
  EXPECT_TRUE(ChildrenOf(getpid()).empty());
}

TEST(Sandbox, EndsWithItsZygote) {
  const auto launcher = Start();
  launcher->report();
  Child child = Launch(*launcher);
  Tell(child, "echo");
  EXPECT_EQ(child.Receive(kPatience, {}).outcome, Outcome::kMessage);
  Tell(child, "spin");
  kill(ChildrenOf(getpid()).at(0), SIGKILL);
  EXPECT_EQ(child.Receive(kPatience, {}).outcome, Outcome::kClosed);
  EXPECT_EQ(child.AwaitEnd(kPatience).kind, End::Kind::kUnknown);
  const auto next = launcher->Launch({});  // there is no word to start another with
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::kInternal);
}

TEST(Sandbox, HearsNoSignalOfTheTerminal) {
  const auto launcher = Start();
  launcher->report();
  const pid_t zygote = ChildrenOf(getpid()).at(0);
  EXPECT_NE(getpgid(zygote), getpgid(0));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) kill(zygote, signal);
  Child child = Launch(*launcher);
  Tell(child, "echo");
  EXPECT_EQ(child.Receive(kPatience, {}).outcome, Outcome::kMessage);
}

}  // namespace
}  // namespace verbatim::sandbox
