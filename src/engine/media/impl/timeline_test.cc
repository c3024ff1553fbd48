#include "media/impl/timeline.h"

#include <gtest/gtest.h>

#include <chrono>

namespace verbatim::media {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SampleTime kFrame = milliseconds(20);

Timeline MakeTimeline(bool long_jumps_are_cuts = false) {
  return Timeline({.silence_end_max = hours(1), .long_jumps_are_cuts = long_jumps_are_cuts});
}

TEST(Timeline, AddsNothingBetweenFramesThatFollow) {
  Timeline timeline = MakeTimeline();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(timeline.Place(i * kFrame, kFrame, i * kFrame, false).silence, SampleTime{0});
  }
}

TEST(Timeline, FillsALateStartExactly) {
  EXPECT_EQ(MakeTimeline().Place(seconds(5), kFrame, SampleTime{0}, false).silence, seconds(5));
  EXPECT_EQ(MakeTimeline().Place(milliseconds(30), kFrame, SampleTime{0}, false).silence,
            milliseconds(30));
}

TEST(Timeline, FillsGapsAndLeavesSmallDriftAlone) {
  Timeline timeline = MakeTimeline();
  EXPECT_EQ(timeline.Place(milliseconds(1050), kFrame, seconds(1), false).silence, SampleTime{0});
  EXPECT_EQ(timeline.Place(milliseconds(1051), kFrame, seconds(1), false).silence,
            milliseconds(51));
}

TEST(Timeline, CatchesUpWithSlowDrift) {
  Timeline timeline = MakeTimeline();
  SampleTime position{0};
  for (int i = 0; i < 100'000; ++i) {  // 33 minutes of a clock that runs 0.1 % fast
    const SampleTime stamp{i * kFrame.count() * 1001 / 1000};
    position += timeline.Place(stamp, kFrame, position, false).silence;
    EXPECT_LE(std::chrono::abs(position - stamp), milliseconds(50));
    position += kFrame;
  }
}

TEST(Timeline, FillsTheGapOfADamagedFrame) {
  Timeline timeline = MakeTimeline();
  EXPECT_EQ(timeline.Place(milliseconds(1020), kFrame, seconds(1), true).silence, milliseconds(20));
}

TEST(Timeline, FollowsWithoutATimestamp) {
  EXPECT_EQ(MakeTimeline().Place(std::nullopt, kFrame, seconds(9), true).silence, SampleTime{0});
}

TEST(Timeline, GoesOnWhereTimeStartsAnew) {
  Timeline timeline = MakeTimeline();
  EXPECT_EQ(timeline.Place(SampleTime{0}, kFrame, seconds(60), false).silence, SampleTime{0});
  EXPECT_EQ(timeline.Place(kFrame, kFrame, seconds(60) + kFrame, false).silence, SampleTime{0});
  EXPECT_EQ(timeline.Place(seconds(1), kFrame, seconds(60) + 2 * kFrame, false).silence,
            seconds(1) - 2 * kFrame);
}

TEST(Timeline, PaysAnOverlapBackFromTheNextGap) {
  Timeline timeline = MakeTimeline();
  EXPECT_EQ(timeline.Place(milliseconds(9500), kFrame, seconds(10), false).silence, SampleTime{0});
  EXPECT_EQ(timeline.Place(seconds(11), kFrame, milliseconds(10'020), false).silence,
            milliseconds(980));
}

TEST(Timeline, GivesUpSurplusInPausesAndOnlyThenAnywhere) {
  using enum Timeline::Surplus;
  const auto surplus = [](SampleTime overlap) {
    return MakeTimeline().Place(seconds(100) - overlap, kFrame, seconds(100), false).surplus;
  };
  EXPECT_EQ(surplus(milliseconds(50)), kNone);
  EXPECT_EQ(surplus(milliseconds(51)), kDropIfQuiet);
  EXPECT_EQ(surplus(milliseconds(301)), kDrop);
  EXPECT_EQ(surplus(milliseconds(2001)), kNone);  // time starts anew
}

TEST(Timeline, FollowsASlowClockWithoutDrift) {
  Timeline timeline = MakeTimeline();
  SampleTime position{0};
  for (int i = 0; i < 100'000; ++i) {  // 33 minutes of a clock that runs 0.2 % slow
    const SampleTime stamp{i * kFrame.count() * 998 / 1000};
    const auto placement = timeline.Place(stamp, kFrame, position, false);
    EXPECT_LE(std::chrono::abs(position - stamp), milliseconds(321));
    if (placement.surplus == Timeline::Surplus::kDrop) {
      timeline.NoteDropped(kFrame);
    } else {
      position += kFrame;
    }
  }
}

TEST(Timeline, LosesLittleToAClockThatIsWrong) {
  for (const int share : {0, 1, 500}) {  // standing still, nearly so, and at half speed
    Timeline timeline = MakeTimeline();
    SampleTime position{0};
    SampleTime dropped{0};
    for (int i = 0; i < 10'000; ++i) {
      const SampleTime stamp{i * kFrame.count() * share / 1000};
      const auto placement = timeline.Place(stamp, kFrame, position, false);
      if (placement.surplus != Timeline::Surplus::kNone) {
        timeline.NoteDropped(kFrame);
        dropped += kFrame;
      } else {
        position += kFrame;
      }
      EXPECT_EQ(placement.silence, SampleTime{0});
    }
    EXPECT_LE(dropped, position / 50) << share;
  }
}

TEST(Timeline, MakesNoSilenceBeyondTheLimit) {
  Timeline timeline = MakeTimeline();
  EXPECT_EQ(timeline.Place(hours(40), kFrame, seconds(1), false).silence, SampleTime{0});
  EXPECT_EQ(timeline.Place(hours(40) + kFrame, kFrame, seconds(1) + kFrame, false).silence,
            SampleTime{0});
  EXPECT_EQ(timeline.Place(hours(40) + seconds(1), kFrame, seconds(1) + 2 * kFrame, false).silence,
            seconds(1) - 2 * kFrame);
}

TEST(Timeline, TakesANewLimitOfSilence) {
  Timeline timeline = MakeTimeline();
  EXPECT_EQ(timeline.Place(hours(2), kFrame, seconds(1), false).silence, SampleTime{0});
  Timeline other = MakeTimeline();
  other.set_silence_end_max(hours(3));
  EXPECT_EQ(other.Place(hours(2), kFrame, seconds(1), false).silence, hours(2) - seconds(1));
}

TEST(Timeline, JoinsRecordingsOnlyWhereTold) {
  EXPECT_EQ(MakeTimeline(true).Place(seconds(30), kFrame, seconds(1), false).silence,
            SampleTime{0});
  EXPECT_EQ(MakeTimeline(true).Place(seconds(9), kFrame, seconds(1), false).silence, seconds(8));
  EXPECT_EQ(MakeTimeline(true).Place(seconds(30), kFrame, SampleTime{0}, false).silence,
            seconds(30));
  EXPECT_EQ(MakeTimeline(false).Place(seconds(30), kFrame, seconds(1), false).silence, seconds(29));
}

TEST(Timeline, LeavesOutWhatLiesBeforeTimeZeroButNeverMuch) {
  Timeline timeline = MakeTimeline();
  EXPECT_TRUE(timeline.Place(-kFrame, kFrame, SampleTime{0}, false).is_before_start);
  EXPECT_FALSE(timeline.Place(SampleTime{0}, kFrame, SampleTime{0}, false).is_before_start);

  Timeline endless = MakeTimeline();
  int left_out = 0;
  while (endless.Place(-seconds(100) + left_out * kFrame, kFrame, SampleTime{0}, false)
             .is_before_start) {
    ++left_out;
  }
  EXPECT_EQ(left_out, 50);  // one second
}

TEST(IsStrayTimestamp, TellsALoneTimestampFromAJump) {
  EXPECT_TRUE(IsStrayTimestamp(seconds(1), hours(3), seconds(1)));
  EXPECT_TRUE(IsStrayTimestamp(seconds(1), hours(3), std::nullopt));
  EXPECT_FALSE(IsStrayTimestamp(seconds(1), hours(3), hours(3) + seconds(1)));
  EXPECT_FALSE(IsStrayTimestamp(seconds(1), seconds(2), hours(3)));
}

}  // namespace
}  // namespace verbatim::media
