#include "transcript/impl/cue_timing.h"

#include <gtest/gtest.h>

namespace verbatim::transcript {
namespace {

using Times = std::vector<CueTime>;

Times Timed(Times times, int64_t duration_ms) {
  return TimeCues(std::move(times), duration_ms, {});
}

TEST(TimeCuesTest, AShortCueIsStretchedIntoSilence) {
  const Times times = Timed({{1000, 1200, 4}, {9000, 9500, 4}}, 20'000);
  EXPECT_EQ(times[0].begin_ms, 1000);
  EXPECT_EQ(times[0].end_ms, 2000);
  EXPECT_EQ(times[1].end_ms, 10'000);
}

TEST(TimeCuesTest, StretchingStopsAtTheGapBeforeTheNextCue) {
  EXPECT_EQ(Timed({{1000, 1200, 4}, {1600, 3000, 4}}, 20'000)[0].end_ms, 1520);
}

TEST(TimeCuesTest, TheGapIsTakenFromTheEarlierCue) {
  EXPECT_EQ(Timed({{1000, 3000, 4}, {3000, 5000, 4}}, 20'000)[0].end_ms, 2920);
  EXPECT_EQ(Timed({{1000, 2960, 4}, {3000, 5000, 4}}, 20'000)[0].end_ms, 2920);
}

TEST(TimeCuesTest, TheGapGivesWayBeforeACueBecomesShorterThanAFrame) {
  const Times times = Timed({{1000, 1100, 4}, {1100, 5000, 4}}, 20'000);
  EXPECT_EQ(times[0].begin_ms, 1000);
  EXPECT_EQ(times[0].end_ms, 1040);
}

TEST(TimeCuesTest, FastSpeechStaysUntilItCanBeRead) {
  EXPECT_EQ(Timed({{1000, 3000, 80}}, 20'000)[0].end_ms, 5000);  // 80 columns at 20 a second
  EXPECT_EQ(Timed({{1000, 3000, 80}, {4000, 5000, 9}}, 20'000)[0].end_ms, 3920);
}

TEST(TimeCuesTest, NothingLastsLongerThanTheLongest) {
  EXPECT_EQ(Timed({{1000, 15'000, 4}}, 20'000)[0].end_ms, 8000);
  EXPECT_EQ(Timed({{1000, 1500, 400}}, 20'000)[0].end_ms, 8000);
}

TEST(TimeCuesTest, TheLastCueEndsWithTheAudio) {
  EXPECT_EQ(Timed({{1000, 1200, 4}}, 1500)[0].end_ms, 1500);
  const Times times = Timed({{1500, 1500, 4}}, 1500);
  EXPECT_EQ(times[0].begin_ms, 1460);
  EXPECT_EQ(times[0].end_ms, 1500);
}

TEST(TimeCuesTest, CuesThatBeginTogetherShareTheTimeUpToTheNext) {
  const Times times =
      Timed({{1000, 1000, 4}, {1000, 1000, 4}, {1000, 1010, 4}, {2200, 3000, 4}}, 9000);
  EXPECT_EQ(times[0].begin_ms, 1000);
  EXPECT_EQ(times[1].begin_ms, 1400);
  EXPECT_EQ(times[2].begin_ms, 1800);
  EXPECT_EQ(times[2].end_ms, 2120);
  EXPECT_EQ(times[3].begin_ms, 2200);
}

TEST(TimeCuesTest, ACrowdAtTheEndMovesBack) {
  const Times times = Timed({{0, 500, 4}, {990, 1000, 4}, {1000, 1000, 4}}, 1000);
  EXPECT_EQ(times[1].begin_ms, 920);
  EXPECT_EQ(times[2].begin_ms, 960);
  EXPECT_EQ(times[2].end_ms, 1000);
}

TEST(TimeCuesTest, AsManyCuesAsMillisecondsHaveOneEach) {
  const Times times = Timed({{0, 0, 4}, {0, 0, 4}, {0, 0, 4}}, 3);
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i].begin_ms, static_cast<int64_t>(i));
    EXPECT_EQ(times[i].end_ms, static_cast<int64_t>(i) + 1);
  }
}

}  // namespace
}  // namespace verbatim::transcript
