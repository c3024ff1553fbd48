#include "progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text.h"

namespace verbatim::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr ProgressState kHalf{"talk.mp4", 360, 720, 0.5, 90};

TEST(ProgressLineTest, SaysWhereItIsHowFastAndHowLong) {
  EXPECT_EQ(ProgressLine(kHalf, {64, false}),
            "talk.mp4  [#######       ]   50 %  6:00 / 12:00  90 x  ETA 0:04");
}

TEST(ProgressLineTest, FitsEveryWidth) {
  ProgressState state = kHalf;
  state.name = "[2/5] a quite long name of a lecture 中文 that nobody can read.mp4";
  for (int columns = 1; columns < 250; ++columns) {
    EXPECT_LT(Columns(ProgressLine(state, {columns, false})), columns) << columns;
  }
}

TEST(ProgressLineTest, ANarrowTerminalLosesTheBarFirstThenTheName) {
  const std::string narrow = ProgressLine(kHalf, {55, false});
  EXPECT_THAT(narrow, Not(HasSubstr("[")));
  EXPECT_THAT(narrow, HasSubstr("talk.mp4   50 %"));
  EXPECT_THAT(ProgressLine(kHalf, {45, false}), Not(HasSubstr("talk.mp4")));
}

TEST(ProgressLineTest, LeavesOutWhatIsNotKnown) {
  const std::string line = ProgressLine({"a.ts", 30, 0, 0.25, 0}, {80, true});
  EXPECT_THAT(line, HasSubstr("25 %  0:30"));
  EXPECT_THAT(line, Not(HasSubstr("ETA")));
  EXPECT_THAT(line, Not(HasSubstr(" x")));
  EXPECT_LT(SecondsLeft({"a", 30, 0, 0.25, 5}), 0);
}

TEST(ProgressLineTest, NeverSaysHundredBeforeTheEnd) {
  EXPECT_THAT(ProgressLine({"a", 99.9, 100, 0.999, 1}, {80, false}), HasSubstr(" 99 %"));
}

TEST(ProgressLineTest, Pulls) {
  const models::PullProgress loading{models::PullStage::kDownloading, "model.bin", 50, 200};
  EXPECT_THAT(PullLine("base", loading, {80, false}), HasSubstr("base: model.bin  [###"));
  EXPECT_THAT(PullLine("base", loading, {80, false}), HasSubstr(" 25 %"));
  EXPECT_THAT(PullLine("base", {models::PullStage::kVerifying, "model.bin", 0, 0}, {80, false}),
              HasSubstr("checking"));
  EXPECT_THAT(PullLine("base", {models::PullStage::kWaiting, "base", 0, 0}, {80, false}),
              HasSubstr("another download"));
}

}  // namespace
}  // namespace verbatim::app
