#include "signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace verbatim::app {
namespace {

bool BecomesStopped(const std::stop_token& token) {
  for (int i = 0; i < 500 && !token.stop_requested(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return token.stop_requested();
}

TEST(SignalWatcherTest, TheFirstSignalAsksToStop) {
  SignalWatcher watcher;
  EXPECT_FALSE(watcher.stop_token().stop_requested());
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(BecomesStopped(watcher.stop_token()));
  EXPECT_EQ(watcher.exit_code(), ExitCode::kTerminated);
}

TEST(SignalWatcherTest, AHangupCanMeanSomethingElse) {
  SignalWatcher watcher;
  std::atomic<int> heard = 0;
  watcher.OnHangup([&heard] { ++heard; });
  kill(getpid(), SIGHUP);
  for (int i = 0; i < 500 && heard == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(heard, 1);
  EXPECT_FALSE(watcher.stop_token().stop_requested());
  watcher.OnHangup({});
  kill(getpid(), SIGHUP);
  EXPECT_TRUE(BecomesStopped(watcher.stop_token()));
}

TEST(SignalWatcherDeathTest, TheSecondEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        SignalWatcher watcher;
        kill(getpid(), SIGINT);
        BecomesStopped(watcher.stop_token());
        kill(getpid(), SIGINT);
        std::this_thread::sleep_for(std::chrono::seconds(10));
        _exit(0);
      },
      ::testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace verbatim::app
